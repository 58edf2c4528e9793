"""Text from a user to a value and back: the checks of the settings.

A check is called with text and returns the value; `str(check)` says what it allows.
"""

from micropython import const

from proto.values import BadArgument, int_between

_SHORTEST = const(8)  # of a passphrase


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


class Chars:
    """Text of low..high bytes in UTF-8, without control characters and without `without`."""

    def __init__(self, low, high, without=""):
        self.low = low
        self.high = high
        self.without = without

    def __call__(self, text):
        if not self.low <= len(text.encode()) <= self.high:
            raise BadArgument(str(self))
        for char in text:
            if ord(char) < 32 or ord(char) == 127 or char in self.without:
                raise BadArgument("{}; not {!r}".format(self, char))
        return text

    def __str__(self):
        return "{}..{} characters".format(self.low, self.high)


class TopicName(Chars):
    """One level of a topic: `/`, `+` and `#` become `_` (as in the C firmware)."""

    def __call__(self, text):
        for char in "/+#":
            text = text.replace(char, "_")
        return super().__call__(text)


class KeyText:
    """The form of a public key in PEM, at most `high` bytes."""

    def __init__(self, high):
        self.high = high

    def __call__(self, text):
        if len(text) > self.high or not text.startswith("-----BEGIN PUBLIC KEY-----"):
            raise BadArgument(str(self))
        return text

    def __str__(self):
        return "an RSA public key in PEM, 2048 or 3072 bits; only a reset takes it away"


class Password(Chars):
    """Text that is kept as a hash only; what has become one already passes, too."""

    def __call__(self, text):
        kept = len(text) > 100 and text.count("$") == 2
        return text if kept or not text else super().__call__(text)


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
