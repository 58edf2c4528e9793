"""Checks of settings that are text.

A check is called with text and returns the value; `str(check)` says what it allows.
"""

from proto.values import BadArgument


class Chars:
    """Text of low..high bytes in UTF-8, without control characters."""

    def __init__(self, low, high):
        self.low = low
        self.high = high

    def __call__(self, text):
        if not self.low <= len(text.encode()) <= self.high:
            raise BadArgument(str(self))
        for char in text:
            if ord(char) < 32 or ord(char) == 127:
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


class Passphrase(Chars):
    """Text, or none at all: that stands for a network without encryption. WPA takes 8 to 63."""

    def __call__(self, text):
        return super().__call__(text) if text else text

    def __str__(self):
        return super().__str__() + ", or none"


class Password(Passphrase):
    """Text that is kept as a hash only; what has become one already passes, too."""

    def __call__(self, text):
        kept = len(text) > 100 and text.count("$") == 2
        return text if kept else super().__call__(text)
