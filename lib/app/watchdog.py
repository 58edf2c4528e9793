"""The hardware watchdog is fed only while the loop really turns."""

import asyncio


class Feeder:
    """Feeds from the loop itself: when it stands still, the chip restarts.

    `healthy()` is called once, when the loop has turned for `healthy_ms`: this start did not fail.
    """

    def __init__(self, watchdog, healthy, every_ms=2_000, healthy_ms=60_000):
        self._watchdog = watchdog
        self._healthy = healthy
        self._every_ms = every_ms
        self._left_ms = healthy_ms

    async def run(self):
        while True:
            self._watchdog.feed()
            await asyncio.sleep_ms(self._every_ms)
            if self._healthy:
                self._left_ms -= self._every_ms
                if self._left_ms <= 0:
                    healthy, self._healthy = self._healthy, None
                    healthy()
