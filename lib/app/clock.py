"""Time from the network, at connect and then hourly; local time by a POSIX TZ rule."""

import asyncio
import time
from time import ticks_diff, ticks_ms

from micropython import const

from config import limits, product
from proto.posixtz import DAYS, EPOCH, MONTHS, TimeZone, days_of
from proto.reasons import describe

_HOUR_MS = const(3_600_000)
_DAY = const(86_400)
_NS = const(1_000_000_000)  # in a second
_END = const(1_199_232_000)  # 2038-01-01: signed seconds since 1970 in 32 bits end in that month


class Clock:
    """`set` is set once the time is known; `sntp` is hal.sntp.

    Times before the build date are refused. A time after 2037, or more than a day before the one
    that is set, is refused until a server with another address confirms it. A time that a browser
    has set is replaced by that of any server.
    """

    def __init__(self, sntp, off_loop, settings, wifi_up, log, new_backoff, hour_ms=_HOUR_MS):
        self._sntp = sntp
        self._off_loop = off_loop
        self._settings = settings
        self._wifi_up = wifi_up
        self._log = log
        self._backoff = new_backoff()
        self._hour_ms = hour_ms
        year, month, day = [int(part) for part in product.BUILD_DATE.split("-")]
        self._earliest = days_of(year, month, day) * _DAY
        self._zone_text = None
        self._since = self._until = self._offset = 0  # the period in which the offset is valid
        self._doubtful = None  # (seconds since 2000, ticks, address) of the last answer refused
        self._by_browser = False
        self.rest_ms = 0  # before the first request to a time server
        self.answered = None  # utc() of the last answer of a time server
        self.set = asyncio.Event()
        if self._is_plausible(self.utc()):  # the chip's clock has survived a restart
            self.set.set()

    def utc(self):
        """Return the seconds since 2000-01-01 UTC."""
        return time.time() + EPOCH

    def iso(self, in_s=0):
        """Return local time, now or in some seconds, as ISO 8601."""
        return "{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}".format(*self._local_time(in_s)[:6])

    def local(self, time_s):
        """Return time.gmtime() in local time of a time.time(), and its offset, `+01:00`."""
        fields = self._local_time(time_s - time.time())
        minutes = abs(self._offset) // 60
        sign = "-" if self._offset < 0 else "+"
        return fields, "{}{:02d}:{:02d}".format(sign, minutes // 60, minutes % 60)

    def iso_if_set(self, in_s=0):
        """Return `iso(in_s)`; None until the time is known."""
        return self.iso(in_s) if self.set.is_set() else None

    def knew(self, time_ns):
        """Return True if the clock was set already at a time of time.time_ns()."""
        return self.set.is_set() and self._is_plausible(time_ns // _NS + EPOCH)

    def accept(self, seconds):
        """Set a clock that is not set to what a browser says, in seconds since 2000 UTC.

        Return True if it did; raises ValueError for an implausible time.
        """
        if self.set.is_set():
            return False
        if not self._is_plausible(seconds):
            raise ValueError("implausible time")
        self._by_browser = True
        self._set(seconds - EPOCH, "a browser")
        return True

    def minute_of_day(self):
        """Return the minutes since midnight, local time."""
        hour, minute = self._local_time()[3:5]
        return 60 * hour + minute

    def cmd_time(self, argument):
        """Return local time as C's ctime() prints it: `Sun Nov 22 21:34:50 2026`."""
        year, month, day, hour, minute, second, weekday = self._local_time()[:7]
        return "{} {} {:2d} {:02d}:{:02d}:{:02d} {}".format(
            DAYS[3 * weekday :][:3], MONTHS[3 * month - 3 :][:3], day, hour, minute, second, year
        )

    async def run(self):
        await asyncio.sleep_ms(min(self.rest_ms, self._hour_ms))
        while True:
            await self._wifi_up.wait()
            if await self._synchronise():
                self._backoff.reset()
                await asyncio.sleep_ms(self._hour_ms)
            else:
                await asyncio.sleep_ms(self._backoff.next_ms())

    async def _synchronise(self):
        """Set the chip's clock; return False if no server gives a plausible time."""
        for name in ("ntpserver", "ntpserver2"):
            if self._settings[name] and await self._ask(self._settings[name]):
                return True
        return False

    async def _ask(self, server):
        """Set the chip's clock by a server; return False if it gives no plausible time."""
        self._log.debug("clock", "requesting the time from {}", server)
        try:
            seconds, address = await self._off_loop.call(self._sntp.query, server)
        except (OSError, ValueError, IndexError) as e:
            self._log.error("clock", "no time from {}: {}".format(server, describe(e)))
            return False
        if not self._is_acceptable(seconds + EPOCH, address):
            self._log.error("clock", "implausible time from {}: {}".format(server, seconds))
            return False
        self._by_browser = False
        self._set(seconds, server)
        self.answered = self.utc()
        return True

    def _set(self, seconds, source):
        self._sntp.set_clock(seconds)
        self._log.info("clock", self.iso())
        self._log.debug("clock", "set by {}", source)
        self.set.set()

    def _is_acceptable(self, seconds, address):
        """Return True if the clock may be set to what the server at `address` has answered."""
        before, self._doubtful = self._doubtful, None
        if seconds < self._earliest:
            return False
        is_known = self.set.is_set() and not self._by_browser
        earliest = self.utc() - limits.CLOCK_BACK_S if is_known else self._earliest
        if earliest <= seconds < _END:
            return True
        self._doubtful = seconds, ticks_ms(), address
        if not before or before[2] == address:
            return False
        expected = before[0] + ticks_diff(ticks_ms(), before[1]) // 1_000
        return abs(seconds - expected) < limits.CLOCK_AGREE_S

    def _is_plausible(self, seconds):
        return self._earliest <= seconds < _END

    def _local_time(self, in_s=0):
        """Return the fields of time.gmtime() in local time."""
        text, now = self._settings["timezone"], self.utc() + in_s
        if text != self._zone_text or not self._since <= now < self._until:
            self._since, self._until, self._offset = TimeZone(text).period(now)
            self._zone_text = text
        return time.gmtime(now + self._offset - EPOCH)
