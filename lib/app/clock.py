"""Time from the network, at connect, then hourly; local time by a POSIX TZ rule."""

import asyncio
import time

from micropython import const

from config import product
from proto.faults import why
from proto.posixtz import TimeZone, civil, ctime, days_of

_HOUR_MS = const(3_600_000)
_DAY = const(86_400)
_LAST_YEAR = const(2037)  # later answers are lies: the 32-bit seconds of 1970 end in 2038


class Clock:
    """`set` once the time is known. What is before the build date or after 2037 is refused.

    Seconds count from 2000-01-01 UTC, whatever the interpreter's own epoch is.
    """

    def __init__(self, sntp, off_loop, settings, wifi_up, log, new_backoff, hour_ms=_HOUR_MS):
        self._sntp = sntp
        self._off_loop = off_loop
        self._settings = settings
        self._wifi_up = wifi_up
        self._log = log
        self._backoff = new_backoff()
        self._hour_ms = hour_ms
        self._epoch = days_of(time.gmtime(0)[0], 1, 1) * _DAY
        self._earliest = days_of(*[int(part) for part in product.BUILD_DATE.split("-")]) * _DAY
        self._latest = days_of(_LAST_YEAR + 1, 1, 1) * _DAY
        self._zone_text = self._zone = None
        self.syncs = 0
        self.set = asyncio.Event()
        if self._plausible(self.utc()):  # kept over a restart
            self.set.set()

    def utc(self):
        """Seconds since 2000-01-01."""
        return time.time() + self._epoch

    def cmd_time(self, argument):
        """Local time, as ctime() prints it."""
        return ctime(self._local())

    def iso(self):
        """Local time as ISO 8601."""
        days, rest = divmod(self._local(), _DAY)
        date = "{:04d}-{:02d}-{:02d}".format(*civil(days))
        return "{}T{:02d}:{:02d}:{:02d}".format(date, rest // 3_600, rest // 60 % 60, rest % 60)

    async def run(self):
        while True:
            await self._wifi_up.wait()
            if await self._ask():
                self._backoff.reset()
                await asyncio.sleep_ms(self._hour_ms)
            else:
                await asyncio.sleep_ms(self._backoff.next_ms())

    def _local(self):
        text = self._settings["timezone"]
        if text != self._zone_text:
            self._zone_text, self._zone = text, TimeZone(text)
        return self._zone.local(self.utc())[0]

    def _plausible(self, seconds):
        return self._earliest <= seconds < self._latest

    async def _ask(self):
        server = self._settings["ntpserver"]
        try:
            seconds = await self._off_loop.call(self._sntp.ask, server)
        except (OSError, ValueError, IndexError) as e:
            self._log.error("clock", "{}: {}".format(server, why(e)))
            return False
        if not self._plausible(seconds + self._epoch):
            self._log.error("clock", "{}: implausible time {}".format(server, seconds))
            return False
        self._sntp.set_clock(seconds)
        self.syncs += 1
        self._log.info("clock", ctime(self._local()))
        self.set.set()
        return True
