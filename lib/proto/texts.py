"""Checks of settings that are text.

A check is called with text and returns the value; `str(check)` says what it allows.
"""

from micropython import const

from proto.values import BadArgument

_SHORTEST = const(8)  # of a passphrase


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
