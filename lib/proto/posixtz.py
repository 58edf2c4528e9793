"""Local time by a POSIX TZ rule.

Seconds count from 2000-01-01 00:00:00 UTC, the epoch of MicroPython on the ESP32.
"""

from micropython import const

from proto.civil import civil, days_of
from proto.zonerule import parse

_DAY = const(86_400)
_FOR_EVER = const(0x7FFF_FFFF)  # 2068


class TimeZone:
    """A rule, for instance `CET-1CEST,M3.5.0,M10.5.0/3`; raises BadArgument for none."""

    def __init__(self, text):
        zones, changes = parse(text)
        self._std_name, self._std = zones[0]
        self._dst_name, self._dst = zones[-1] if changes else (None, 0)
        self._changes_at = changes

    def local(self, seconds):
        """(local seconds, name of the zone) of an instant in UTC."""
        if self._dst_name and self._changes(seconds)[2]:
            return seconds + self._dst, self._dst_name
        return seconds + self._std, self._std_name

    def period(self, seconds):
        """(since, until, offset): what local time adds to UTC from one change to the next."""
        if not self._dst_name:
            return seconds, _FOR_EVER, self._std
        since, until, dst = self._changes(seconds)
        return since, until, self._dst if dst else self._std

    def _changes(self, seconds):
        """(last change, next change, daylight saving between them) around an instant in UTC.

        Only changes near the year's ends can belong to a neighbouring year.
        """
        year = civil((seconds + self._std) // _DAY)[0]
        latest, following, dst = None, _FOR_EVER, False
        start, end = self._changes_at
        for y in (year - 1, year, year + 1):
            for is_start, change, offset in ((False, end, self._dst), (True, start, self._std)):
                at = _seconds(change, y) - offset
                if at > seconds:
                    following = min(following, at)
                elif latest is None or at >= latest:
                    latest, dst = at, is_start
        return latest, following, dst


def _seconds(change, year):
    """Of a change, on the local clock before it."""
    kind, numbers, seconds = change
    if kind == "M":
        day = _nth_weekday(year, *numbers)
    elif kind == "J":
        day = _julian(year, *numbers)
    else:
        day = days_of(year, 1, 1) + numbers[0]
    return day * _DAY + seconds


def _nth_weekday(year, month, week, weekday):
    """Day of the `week`-th `weekday` (0 = Sunday) of a month; 5 is the last one."""
    first = days_of(year, month, 1)
    day = first + (weekday - (first + 6)) % 7 + 7 * (week - 1)
    following = days_of(year + month // 12, month % 12 + 1, 1)
    return day - 7 if day >= following else day


def _julian(year, nth):
    """Day `nth` of a year, February 29 never counted."""
    return days_of(year, 3, 1) + nth - 60 if nth > 59 else days_of(year, 1, 1) + nth - 1
