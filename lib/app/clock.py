"""Time from the network, at connect, then hourly; local time by a POSIX TZ rule."""

import asyncio
import time

from micropython import const

from aio.late import borrow
from config import product
from proto.posixtz import TimeZone, days_of

_HOUR_MS = const(3_600_000)
_EPOCH_1970 = const(946_684_800)  # seconds from 1970 to 2000
_DAY = const(86_400)
_DAYS = "MonTueWedThuFriSatSun"
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_END = const(1_199_232_000)  # 2038: later answers are lies, 32-bit seconds of 1970 end then


class Clock:
    """`set` once the time is known. What is before the build date or after 2037 is refused.

    `sntp()` lends the module that asks (hal.sntp). Seconds count from 2000-01-01 UTC, whatever
    the interpreter's own epoch is.
    """

    def __init__(self, sntp, off_loop, settings, wifi_up, log, new_backoff, hour_ms=_HOUR_MS):
        self._sntp = sntp
        self._off_loop = off_loop
        self._settings = settings
        self._wifi_up = wifi_up
        self._log = log
        self._backoff = new_backoff()
        self._hour_ms = hour_ms
        self._epoch = 0 if time.gmtime(0)[0] == 2000 else -_EPOCH_1970
        year, month, day = [int(part) for part in product.BUILD_DATE.split("-")]
        self._earliest = days_of(year, month, day) * _DAY
        self._zone_text = None
        self._since = self._until = self._offset = 0  # from when till when local time is how far
        self.syncs = 0
        self.set = asyncio.Event()
        if self._plausible(self.utc()):  # kept over a restart
            self.set.set()

    def utc(self):
        """Seconds since 2000-01-01."""
        return time.time() + self._epoch

    def cmd_time(self, argument):
        """Local time, as C's ctime() prints it: `Sun Nov 22 21:34:50 2026`."""
        year, month, day, hour, minute, second, weekday = self._moment()[:7]
        return "{} {} {:2d} {:02d}:{:02d}:{:02d} {}".format(
            _DAYS[3 * weekday :][:3], _MONTHS[3 * month - 3 :][:3], day, hour, minute, second, year
        )

    def iso(self):
        """Local time as ISO 8601."""
        return "{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}".format(*self._moment()[:6])

    def _moment(self):
        return time.gmtime(self._local() - self._epoch)

    async def run(self):
        while True:
            await self._wifi_up.wait()
            if await self._ask():
                self._backoff.reset()
                await asyncio.sleep_ms(self._hour_ms)
            else:
                await asyncio.sleep_ms(self._backoff.next_ms())

    def _local(self):
        text, now = self._settings["timezone"], self.utc()
        if text != self._zone_text or not self._since <= now < self._until:
            zone = TimeZone(text)
            self._since, self._until, self._offset = zone.period(now)
            self._zone_text = text
        return now + self._offset

    def _plausible(self, seconds):
        return self._earliest <= seconds < _END

    async def _ask(self):
        server = self._settings["ntpserver"]
        try:
            sntp = self._sntp()
            seconds = await self._off_loop.call(sntp.ask, server)
        except (OSError, ValueError, IndexError) as e:
            self._log.error("clock", "{}: {}".format(server, borrow("proto.words").why(e)))
            return False
        if not self._plausible(seconds + self._epoch):
            self._log.error("clock", "{}: implausible time {}".format(server, seconds))
            return False
        sntp.set_clock(seconds)
        self.syncs += 1
        self._log.info("clock", self.iso())
        self.set.set()
        return True
