"""The hardware watchdog is fed only while the loop really turns."""

import asyncio


class Feeder:
    """Feeds from the loop itself: when it stands still, the chip restarts."""

    def __init__(self, watchdog, every_ms=2_000):
        self._watchdog = watchdog
        self._every_ms = every_ms

    async def run(self):
        while True:
            self._watchdog.feed()
            await asyncio.sleep_ms(self._every_ms)
