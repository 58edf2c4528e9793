"""Local time by a POSIX TZ rule (POSIX.1-2017 section 8.3, with RFC 8536's wider hours).

Seconds and days count from 2000-01-01 00:00:00 UTC, the epoch of MicroPython on the ESP32.
"""

import time

from micropython import const

from proto.values import BadArgument, int_between

_HOUR = const(3_600)
_DAY = const(86_400)
_FOREVER = const(0x7FFF_FFFF)  # 2068
_DAYS_TO_2000 = const(730_425)  # from 0000-03-01, where the calendar's cycle of 400 years begins
SECONDS_TO_2000 = const(946_684_800)  # from 1970-01-01
EPOCH = 0 if time.gmtime(0)[0] == 2000 else -SECONDS_TO_2000  # where time.time() counts from
DAYS = "MonTueWedThuFriSatSun"
MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_US_CHANGES = ",M3.2.0,M11.1.0"  # of a rule without dates, which POSIX leaves open


class TimeZone:
    """Zone of a rule, for instance `CET-1CEST,M3.5.0,M10.5.0/3`; raises BadArgument."""

    def __init__(self, text):
        zones, changes = parse_rule(text)
        self._std_name, self._std = zones[0]
        self._dst_name, self._dst = zones[-1] if changes else (None, 0)
        self._changes_at = changes

    def local(self, seconds):
        """Return (local seconds, name of the zone) at an instant in UTC."""
        if self._dst_name and self._changes(seconds)[2]:
            return seconds + self._dst, self._dst_name
        return seconds + self._std, self._std_name

    def period(self, seconds):
        """Return (since, until, offset): between two changes local time is UTC + offset."""
        if not self._dst_name:
            return seconds, _FOREVER, self._std
        since, until, dst = self._changes(seconds)
        return since, until, self._dst if dst else self._std

    def _changes(self, seconds):
        """Return (last change, next change, daylight saving between them) at an instant in UTC.

        The neighbouring years count because a change near New Year may belong to one of them.
        """
        year = date_of((seconds + self._std) // _DAY)[0]
        latest, following, dst = None, _FOREVER, False
        start, end = self._changes_at
        for y in (year - 1, year, year + 1):
            for is_start, change, offset in ((False, end, self._dst), (True, start, self._std)):
                at = _seconds(change, y) - offset
                if at > seconds:
                    following = min(following, at)
                elif latest is None or at >= latest:
                    latest, dst = at, is_start
        return latest, following, dst


def parse_rule(text):
    """Return ([(name, offset), ...], [(kind, numbers, seconds), ...]); raises BadArgument.

    The first list has standard time, then daylight saving time if there is one, with the seconds
    that each adds to UTC. The second has the changes to and from daylight saving time: the kind of
    the date is M (month, week, weekday), J (nth day, February 29 not counted) or "" (days after
    January 1); `seconds` is the time of day.
    """
    scan = _Scanner(text)
    zones, changes = [(scan.name(), -scan.time(24))], []
    if scan.more():
        name, offset = scan.name(), zones[0][1] + _HOUR
        if scan.more() and scan.peek() != ",":
            offset = -scan.time(24)
        zones.append((name, offset))
        if not scan.more():
            scan = _Scanner(_US_CHANGES)
        changes = [scan.change(), scan.change()]
    if scan.more():
        scan.fail()
    return zones, changes


class _Scanner:
    """Reads a rule from left to right."""

    def __init__(self, text):
        self._text = text
        self._at = 0

    def fail(self):
        raise BadArgument("a POSIX TZ rule such as CET-1CEST,M3.5.0,M10.5.0/3")

    def more(self):
        return self._at < len(self._text)

    def peek(self):
        return self._text[self._at] if self.more() else ""

    def accept(self, char):
        if self.peek() != char:
            return False
        self._at += 1
        return True

    def name(self):
        quoted = self.accept("<")
        start = self._at
        while self.peek().isalpha() or (quoted and self.peek() and self.peek() in "0123456789+-"):
            self._at += 1
        found = self._text[start : self._at]
        if len(found) < 3 or (quoted and not self.accept(">")):
            self.fail()
        return found

    def number(self, low, high):
        start = self._at
        while "0" <= self.peek() <= "9":
            self._at += 1
        try:
            return int_between(self._text[start : self._at], low, high)
        except BadArgument:
            self.fail()

    def time(self, max_hours):
        """Read [+-]h[h[h]][:mm[:ss]]; return seconds."""
        sign = -1 if self.accept("-") else 1
        if sign == 1:
            self.accept("+")
        seconds = self.number(0, max_hours) * _HOUR
        if self.accept(":"):
            seconds += self.number(0, 59) * 60
            if self.accept(":"):
                seconds += self.number(0, 59)
        return sign * seconds

    def change(self):
        """Read `,date[/time]`; return (kind, numbers, seconds)."""
        if not self.accept(","):
            self.fail()
        kind = "M" if self.accept("M") else "J" if self.accept("J") else ""
        if kind == "M":
            numbers = (self.number(1, 12), self.after_dot(1, 5), self.after_dot(0, 6))
        else:
            numbers = (self.number(1 if kind else 0, 365),)
        return kind, numbers, self.time(167) if self.accept("/") else 2 * _HOUR

    def after_dot(self, low, high):
        if not self.accept("."):
            self.fail()
        return self.number(low, high)


def _seconds(change, year):
    """Return the instant of a change in a year, by the local clock before the change."""
    kind, numbers, seconds = change
    if kind == "M":
        day = _nth_weekday(year, *numbers)
    elif kind == "J":
        day = _julian(year, *numbers)
    else:
        day = days_of(year, 1, 1) + numbers[0]
    return day * _DAY + seconds


def _nth_weekday(year, month, week, weekday):
    """Return the day of the `week`-th `weekday` (0 = Sunday) of a month; 5 is the last one."""
    first = days_of(year, month, 1)
    day = first + (weekday - (first + 6)) % 7 + 7 * (week - 1)
    following = days_of(year + month // 12, month % 12 + 1, 1)
    return day - 7 if day >= following else day


def _julian(year, nth):
    """Return day `nth` of a year, February 29 never counted."""
    return days_of(year, 3, 1) + nth - 60 if nth > 59 else days_of(year, 1, 1) + nth - 1


def unix_time(time_s):
    """Convert seconds of time.time() to seconds from 1970-01-01."""
    return time_s + EPOCH + SECONDS_TO_2000


def date_of(days):
    """Return (year, month, day) of a day."""
    days += _DAYS_TO_2000
    era, doe = divmod(days, 146_097)  # days of 400 years
    yoe = (doe - doe // 1_460 + doe // 36_524 - doe // 146_096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)  # from March 1
    month = (5 * doy + 2) // 153
    day = doy - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return yoe + era * 400 + (month <= 2), month, day


def days_of(year, month, day):
    """Return the day of a date."""
    year -= month <= 2
    era, yoe = divmod(year, 400)
    doy = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return era * 146_097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - _DAYS_TO_2000
