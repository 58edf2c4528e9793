"""Checks of what a person types for the radio: the chip itself takes anything, and then fails."""

from micropython import const

from proto.checks import Chars
from proto.values import BadArgument, int_between

_SHORTEST = const(8)


class Passphrase(Chars):
    """WPA takes 8 to 63 characters; none at all stands for a network without encryption."""

    def __init__(self):
        super().__init__(0, 63)

    def __call__(self, text):
        if 0 < len(text.encode()) < _SHORTEST:
            raise BadArgument(str(self))
        return super().__call__(text)

    def __str__(self):
        return "8..63 characters, or none"


class IPv4(Chars):
    """The address of a host in a network of 24 bits, as text."""

    def __init__(self):
        super().__init__(7, 15)

    def __call__(self, text):
        try:
            a, b, c, d = [int_between(part, 0, 255) for part in text.split(".")]
            if not (0 < a < 224 and a != 127 and 0 < d < 255):
                raise ValueError
        except (BadArgument, ValueError):
            raise BadArgument(str(self)) from None
        return "{}.{}.{}.{}".format(a, b, c, d)

    def __str__(self):
        return "an IPv4 address such as 192.168.1.1"
