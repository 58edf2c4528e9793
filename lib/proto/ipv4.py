"""Check of a setting that is an IPv4 address."""

from proto.values import BadArgument, int_between


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
