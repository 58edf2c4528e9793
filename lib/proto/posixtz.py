"""Local time by a POSIX TZ rule (POSIX.1-2017 section 8.3, with RFC 8536's wider hours).

Seconds count from 2000-01-01 00:00:00 UTC, the epoch of MicroPython on the ESP32.
"""

from micropython import const

from proto.values import BadArgument, int_between

_DAY = const(86_400)
_HOUR = const(3_600)
_FOR_EVER = const(0x7FFF_FFFF)  # 2068
_DAYS_TO_2000 = const(730_425)  # from the civil calendar's 0000-03-01
_US_RULES = ",M3.2.0,M11.1.0"  # what POSIX leaves open when a name has no rules


def civil(days):
    """(year, month, day) of a day counted from 2000-01-01."""
    days += _DAYS_TO_2000
    era, doe = divmod(days, 146_097)
    yoe = (doe - doe // 1_460 + doe // 36_524 - doe // 146_096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    month = (5 * doy + 2) // 153
    day = doy - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return yoe + era * 400 + (month <= 2), month, day


def days_of(year, month, day):
    """The day, counted from 2000-01-01, of a date."""
    year -= month <= 2
    era, yoe = divmod(year, 400)
    doy = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return era * 146_097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - _DAYS_TO_2000


class TimeZone:
    """A rule, for instance `CET-1CEST,M3.5.0,M10.5.0/3`; raises BadArgument for none."""

    def __init__(self, text):
        scan = _Scanner(text)
        self._std_name, self._std = scan.name(), -scan.time(24)
        self._dst_name, self._dst = None, self._std + _HOUR
        if scan.more():
            self._dst_name = scan.name()
            if scan.more() and scan.peek() != ",":
                self._dst = -scan.time(24)
            if not scan.more():
                scan = _Scanner(_US_RULES)
            self._start, self._end = scan.rule(), scan.rule()
        if scan.more():
            scan.bad()

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
        for y in (year - 1, year, year + 1):
            for is_start, rule, offset in (
                (False, self._end, self._dst),
                (True, self._start, self._std),
            ):
                at = rule(y) - offset
                if at > seconds:
                    following = min(following, at)
                elif latest is None or at >= latest:
                    latest, dst = at, is_start
        return latest, following, dst


class ZoneRule:
    """Check of a setting: a POSIX TZ rule of at most `high` bytes."""

    def __init__(self, high):
        self.high = high

    def __call__(self, text):
        if len(text) > self.high:
            raise BadArgument(str(self))
        TimeZone(text)
        return text

    def __str__(self):
        return "a POSIX TZ rule such as CET-1CEST,M3.5.0,M10.5.0/3, at most {}".format(self.high)


class _Scanner:
    def __init__(self, text):
        self._text = text
        self._at = 0

    def bad(self):
        raise BadArgument("a POSIX TZ rule such as CET-1CEST,M3.5.0,M10.5.0/3")

    def more(self):
        return self._at < len(self._text)

    def peek(self):
        return self._text[self._at] if self.more() else ""

    def take(self, char):
        if self.peek() != char:
            return False
        self._at += 1
        return True

    def name(self):
        quoted = self.take("<")
        start = self._at
        while self.peek().isalpha() or (quoted and self.peek() and self.peek() in "0123456789+-"):
            self._at += 1
        found = self._text[start : self._at]
        if len(found) < 3 or (quoted and not self.take(">")):
            self.bad()
        return found

    def number(self, low, high):
        start = self._at
        while "0" <= self.peek() <= "9":
            self._at += 1
        try:
            return int_between(self._text[start : self._at], low, high)
        except BadArgument:
            self.bad()

    def time(self, most_hours):
        """[+-]h[h[h]][:mm[:ss]] in seconds."""
        sign = -1 if self.take("-") else 1
        if sign == 1:
            self.take("+")
        seconds = self.number(0, most_hours) * _HOUR
        if self.take(":"):
            seconds += self.number(0, 59) * 60
            if self.take(":"):
                seconds += self.number(0, 59)
        return sign * seconds

    def rule(self):
        """`,date[/time]` as a function: year -> local seconds of the change."""
        if not self.take(","):
            self.bad()
        if self.take("M"):
            month = self.number(1, 12)
            week = self.number(1, 5) if self.take(".") else self.bad()
            weekday = self.number(0, 6) if self.take(".") else self.bad()
            day = lambda year: _nth_weekday(year, month, week, weekday)  # noqa: E731
        elif self.take("J"):
            nth = self.number(1, 365)
            day = lambda year: _julian(year, nth)  # noqa: E731
        else:
            nth = self.number(0, 365)
            day = lambda year: days_of(year, 1, 1) + nth  # noqa: E731
        at = self.time(167) if self.take("/") else 2 * _HOUR
        return lambda year: day(year) * _DAY + at


def _nth_weekday(year, month, week, weekday):
    """Day of the `week`-th `weekday` (0 = Sunday) of a month; 5 is the last one."""
    first = days_of(year, month, 1)
    day = first + (weekday - (first + 6)) % 7 + 7 * (week - 1)
    following = days_of(year + month // 12, month % 12 + 1, 1)
    return day - 7 if day >= following else day


def _julian(year, nth):
    """Day `nth` of a year, February 29 never counted."""
    return days_of(year, 3, 1) + nth - 60 if nth > 59 else days_of(year, 1, 1) + nth - 1
