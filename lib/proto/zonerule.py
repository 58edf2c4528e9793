"""POSIX TZ rules as text (POSIX.1-2017 section 8.3, with RFC 8536's wider hours)."""

from micropython import const

from proto.values import BadArgument, int_between

_HOUR = const(3_600)
_US_RULES = ",M3.2.0,M11.1.0"  # what POSIX leaves open when a name has no rules


def parse(text):
    """[(name, offset), ...] and [(kind, numbers, seconds), ...] of `CET-1CEST,M3.5.0,M10.5.0/3`.

    Standard time, then daylight saving time where there is one, each with the seconds it adds to
    UTC; then when each of both changes to the other. Kinds of the days of changes are M (month,
    week, weekday), J (nth day, February 29 not counted) and "" (days after January 1). Raises
    BadArgument.
    """
    scan = _Scanner(text)
    zones, changes = [(scan.name(), -scan.time(24))], []
    if scan.more():
        name, offset = scan.name(), zones[0][1] + _HOUR
        if scan.more() and scan.peek() != ",":
            offset = -scan.time(24)
        zones.append((name, offset))
        if not scan.more():
            scan = _Scanner(_US_RULES)
        changes = [scan.change(), scan.change()]
    if scan.more():
        scan.bad()
    return zones, changes


class ZoneRule:
    """Check of a setting: a POSIX TZ rule of at most `high` bytes."""

    def __init__(self, high):
        self.high = high

    def __call__(self, text):
        if len(text) > self.high:
            raise BadArgument(str(self))
        parse(text)
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

    def change(self):
        """`,date[/time]`: (kind, numbers, seconds)"""
        if not self.take(","):
            self.bad()
        kind = "M" if self.take("M") else "J" if self.take("J") else ""
        if kind == "M":
            numbers = (self.number(1, 12), self.after_dot(1, 5), self.after_dot(0, 6))
        else:
            numbers = (self.number(1 if kind else 0, 365),)
        return kind, numbers, self.time(167) if self.take("/") else 2 * _HOUR

    def after_dot(self, low, high):
        if not self.take("."):
            self.bad()
        return self.number(low, high)
