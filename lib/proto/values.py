"""Text from a user to a value and back: the checks that the settings and commands share.

A check is called with text and returns the value; `str(check)` says what it allows.
"""


class BadArgument(Exception):
    """The user's value is refused; the message says what is allowed."""


class UnknownCommand(Exception):
    """There is no such command, or it is not for the door it came by."""


_SWITCH = {"off": 0, "on": 1, "toggle": 2, "0": 0, "1": 1, "2": 2}


def switch(text):
    """0, 1 or 2 for off, on and toggle; raises BadArgument."""
    try:
        return _SWITCH[text.lower()]
    except KeyError:
        raise BadArgument("off | on | toggle") from None


def confirmed(text, what):
    """Nothing happens by accident: `what` wants a 1."""
    if text != "1":
        raise BadArgument("1 to " + what)


def int_between(text, low, high):
    """The integer in `text`, or BadArgument if it is none or outside low..high."""
    sign, digits = (-1, text[1:]) if text[:1] == "-" else (1, text)
    if not (digits and len(digits) <= 10 and all("0" <= c <= "9" for c in digits)):
        raise BadArgument("a whole number, {}..{}".format(low, high))
    value = sign * int(digits)
    if not low <= value <= high:
        raise BadArgument("{}..{}".format(low, high))
    return value


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
