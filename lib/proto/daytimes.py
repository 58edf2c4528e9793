"""Spans of time within a day: `07:00-21:30`, also across midnight, or `sun`."""

from proto.values import BadArgument, int_between

SUN = "sun"  # from sunrise to sunset
_EXAMPLE = "07:00-21:30, sun, or none"


def parse_times(text):
    """Return (first minute of the span, minute after it) of a day; raises BadArgument."""
    begin, dash, end = text.partition("-")
    span = _minute(begin), _minute(end)
    if not dash or span[0] == span[1]:
        raise BadArgument(_EXAMPLE)
    return span


def contains(span, minute):
    """Return True if a minute of the day is in a span."""
    begin, end = span
    if begin < end:
        return begin <= minute < end
    return minute >= begin or minute < end


def _minute(text):
    hours, colon, minutes = text.strip().partition(":")
    if not colon or len(minutes) != 2:
        raise BadArgument(_EXAMPLE)
    minute = 60 * int_between(hours, 0, 24) + int_between(minutes, 0, 59)
    if minute > 1_440:
        raise BadArgument(_EXAMPLE)
    return minute
