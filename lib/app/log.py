"""The log: lines on the consoles, the last of which are kept in a ring."""

from time import ticks_diff, ticks_ms

from micropython import const

from config import limits

ERROR, INFO, DEBUG = const(0), const(1), const(2)


class Log:
    """Writes `<seconds> <component>: <text>`; callers never pass secrets or picture data.

    `write(line)` shows a line. Lines above `level` are dropped, but errors are always counted.
    """

    def __init__(self, write, lines=limits.LOG_LINES):
        self.write = write
        self.settings = None  # with `loglevel`; the log is made before them
        self.level = INFO
        self._ring = [None] * lines
        self._last_ms = ticks_ms()
        self._uptime_ms = 0
        self.count = 0  # of all lines so far, so the number of the next one
        self.errors = 0
        self.last_error = ""

    def follow(self):
        """Set the level from the settings."""
        self.level = self.settings["loglevel"]

    def debug(self, component, text, *args):
        """Log `text.format(*args)`, which is not formatted unless the level is `debug`."""
        if self.level >= DEBUG:
            self._keep(DEBUG, component, text.format(*args))

    def info(self, component, text):
        self._keep(INFO, component, text)

    def error(self, component, text):
        self.errors += 1
        self.last_error = "{}: {}".format(component, text)[: limits.LOG_LINE_CHARS]
        self._keep(ERROR, component, "! " + text)

    def since(self, number):
        """Return [(number, level, line), ...] of the kept lines from `number` on, oldest first."""
        first = max(number, self.count - len(self._ring))
        return [self._ring[n % len(self._ring)] for n in range(first, self.count)]

    def lines(self):
        """Return the kept lines, oldest first."""
        return [line for _, _, line in self.since(0)]

    def uptime_s(self):
        """Return the seconds since the start.

        It stays correct if called at least every 6 days, as each line and each telemetry do.
        """
        now = ticks_ms()
        self._uptime_ms += ticks_diff(now, self._last_ms)
        self._last_ms = now
        return self._uptime_ms // 1_000

    def _keep(self, level, component, text):
        if level > self.level:
            return
        line = "{} {}: {}".format(self.uptime_s(), component, text)[: limits.LOG_LINE_CHARS]
        if any(c < " " or c == "\x7f" for c in line):  # text from outside must not forge a line
            line = "".join(c if " " <= c != "\x7f" else "?" for c in line)
        self._ring[self.count % len(self._ring)] = (self.count, level, line)
        self.count += 1
        self.write(line)
