"""The log: lines on the console, the last of them kept in a ring."""

from time import ticks_diff, ticks_ms

from micropython import const

_MOST_CHARS = const(160)


class Log:
    """Writes `<seconds> <component>: <text>`; callers never pass secrets or frame bytes."""

    def __init__(self, write, lines=32):
        self._write = write
        self._ring = [""] * lines
        self._next = 0
        self._last_ms = ticks_ms()
        self._uptime_ms = 0
        self.errors = 0
        self.last_error = ""

    def info(self, who, text):
        line = "{} {}: {}".format(self.uptime_s(), who, text)
        line = "".join(c if " " <= c != "\x7f" else "?" for c in line[:_MOST_CHARS])
        self._ring[self._next] = line
        self._next = (self._next + 1) % len(self._ring)
        self._write(line + "\r\n")

    def error(self, who, text):
        self.errors += 1
        self.last_error = "{}: {}".format(who, text)[:_MOST_CHARS]
        self.info(who, "! " + text)

    def lines(self):
        """The kept lines, oldest first."""
        for i in range(len(self._ring)):
            line = self._ring[(self._next + i) % len(self._ring)]
            if line:
                yield line

    def uptime_s(self):
        """Seconds since the start; right over the wrap of ticks_ms if asked every 6 days."""
        now = ticks_ms()
        self._uptime_ms += ticks_diff(now, self._last_ms)
        self._last_ms = now
        return self._uptime_ms // 1_000
