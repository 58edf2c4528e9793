"""Time from the network: at connect, then hourly; off the loop."""

import asyncio
import time

from micropython import const

from config import product
from proto.faults import why

_HOUR_MS = const(3_600_000)
_STEP_MS = const(1_000)


def _seconds_of(date):
    year, month, day = (int(part) for part in date.split("-"))
    return time.mktime((year, month, day, 0, 0, 0, 0, 0))


class Clock:
    """`set` once the time is known; a time before the build date is a lie."""

    def __init__(self, ask, off_loop, settings, wifi_up, log, new_backoff):
        self._ask_server = ask
        self._off_loop = off_loop
        self._settings = settings
        self._wifi_up = wifi_up
        self._log = log
        self._backoff = new_backoff()
        self._built = _seconds_of(product.BUILD_DATE)
        self.syncs = 0
        self.set = asyncio.Event()
        if time.time() >= self._built:  # kept over a restart
            self.set.set()

    async def run(self):
        while True:
            await self._wifi_up.wait()
            if await self._ask():
                self._backoff.reset()
                await asyncio.sleep_ms(_HOUR_MS)
            else:
                await asyncio.sleep_ms(self._backoff.next_ms())

    async def _ask(self):
        before = time.time()
        try:
            await self._off_loop.call(self._ask_server, self._settings["ntpserver"])
        except (OSError, ValueError, IndexError) as e:
            self._log.error("clock", "no time: " + why(e))
            return False
        if time.time() < self._built:
            self._log.error("clock", "implausible answer; before it {}".format(before))
            return False
        self.syncs += 1
        self._log.info("clock", "set")
        self.set.set()
        return True
