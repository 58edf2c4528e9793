"""The log: lines on the consoles, the last of them kept in a ring."""

from time import ticks_diff, ticks_ms

from micropython import const

ERROR, INFO, DEBUG = const(0), const(1), const(2)
_MOST_CHARS = const(160)


class Log:
    """Writes `<seconds> <component>: <text>`; callers never pass secrets or frame bytes.

    `write` shows a line, `level` is the highest level that is kept.
    """

    def __init__(self, write, lines=32):
        self.write = write
        self.settings = None
        self.level = INFO
        self._ring = [None] * lines
        self._last_ms = ticks_ms()
        self._uptime_ms = 0
        self.count = 0  # of lines ever kept: the number of the next one
        self.errors = 0
        self.last_error = ""

    def follow(self):
        """Keep what the settings say."""
        self.level = self.settings["loglevel"]

    def debug(self, who, text):
        self._keep(DEBUG, who, text)

    def info(self, who, text):
        self._keep(INFO, who, text)

    def error(self, who, text):
        self.errors += 1
        self.last_error = "{}: {}".format(who, text)[:_MOST_CHARS]
        self._keep(ERROR, who, "! " + text)

    def _keep(self, level, who, text):
        if level > self.level:
            return
        line = "{} {}: {}".format(self.uptime_s(), who, text)[:_MOST_CHARS]
        if any(c < " " or c == "\x7f" for c in line):  # else without the room that this takes
            line = "".join(c if " " <= c != "\x7f" else "?" for c in line)
        self._ring[self.count % len(self._ring)] = (self.count, level, line)
        self.count += 1
        self.write(line)

    def since(self, number):
        """[(number, level, line), ...] of what is kept from `number` on, oldest first."""
        first = max(number, self.count - len(self._ring))
        return [self._ring[n % len(self._ring)] for n in range(first, self.count)]

    def lines(self):
        """The kept lines, oldest first."""
        return [line for _, _, line in self.since(0)]

    def uptime_s(self):
        """Seconds since the start; right over the wrap of ticks_ms if asked every 6 days."""
        now = ticks_ms()
        self._uptime_ms += ticks_diff(now, self._last_ms)
        self._last_ms = now
        return self._uptime_ms // 1_000
