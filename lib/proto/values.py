"""Parsers of a user's text that commands share, and the errors for bad input."""

from config import limits


class BadArgument(Exception):
    """The user's value is refused; the message says what is allowed."""


class UnknownCommand(Exception):
    """There is no such command, or its sender may not use it."""


_SWITCH = {"off": "0", "false": "0", "on": "1", "true": "1", "toggle": "2"}


def switch(text):
    """Return 0, 1 or 2 for off, on and toggle; raises BadArgument."""
    try:
        return number_between(as_switch(text), 0, 2)
    except BadArgument:
        raise BadArgument("off | on | toggle") from None


def as_switch(text):
    """Return the digit that off, on, true, false or toggle stands for; any other text as it is."""
    return _SWITCH.get(text.lower(), text)


def confirmed(text, what):
    """Raise BadArgument unless the text is 1, so that `what` never happens by accident."""
    if text != "1":
        raise BadArgument("1 to " + what)


def int_between(text, low, high):
    """Return the integer in `text`; raises BadArgument if it is none or outside low..high."""
    sign, digits = (-1, text[1:]) if text[:1] == "-" else (1, text)
    if not (digits and len(digits) <= 10 and all("0" <= c <= "9" for c in digits)):
        raise BadArgument("a whole number, {}..{}".format(low, high))
    value = sign * int(digits)
    if not low <= value <= high:
        raise BadArgument("{}..{}".format(low, high))
    return value


def rate(text):
    """Return a number of pictures per second; raises BadArgument."""
    low, high = limits.RATE_LEAST, limits.RATE_MOST
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not low <= value <= high:
        raise BadArgument("a number from {} to {}".format(low, high))
    return value


def number_between(text, low, high):
    """Return the same for a text that may also be written as hubs write it: 10.0 for 10."""
    whole, _, fraction = text.strip().partition(".")
    return int_between(text if fraction.strip("0") else whole, low, high)
