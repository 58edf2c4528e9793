"""Checks of settings that are numbers, four of them, or a choice.

A check is called with text and returns the value; `str(check)` says what it allows.
"""

from proto.values import BadArgument, int_between


class Between:
    """Whole numbers from low to high; where these are 0 and 1, also `off` and `on`."""

    def __init__(self, low, high):
        self.low = low
        self.high = high

    def __call__(self, text):
        if (self.low, self.high) == (0, 1):
            text = {"off": "0", "on": "1"}.get(text.lower(), text)
        return int_between(text, self.low, self.high)

    def __str__(self):
        return "{}..{}".format(self.low, self.high)


class OneOf:
    """Names that are stored as their position: `off`, `on` are 0, 1."""

    def __init__(self, *names):
        self.names = names

    def __call__(self, text):
        text = text.lower()
        if text in self.names:
            return self.names.index(text)
        try:
            return int_between(text, 0, len(self.names) - 1)
        except BadArgument:
            raise BadArgument(str(self)) from None

    def __str__(self):
        return " | ".join(self.names)


class IPv4:
    """The address of a host in a network of 24 bits, as text."""

    low, high = 7, 15  # characters

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
