"""Protection against hangs and failing starts: the watchdog, and safe mode."""

import asyncio

SAFE_MODE = "safe mode after five failed starts"


class Feeder:
    """Feeds the hardware watchdog from the loop: when the loop hangs, the chip restarts.

    `healthy()` is called once, when the loop has run for `healthy_ms`: this start has not failed.
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


class SafeMode:
    """Stops the camera, which needs the most memory; network and consoles stay for repairs."""

    def __init__(self, frames, camera, log):
        self._frames = frames
        self._camera = camera
        self._log = log

    async def run(self):
        self._log.error("system", SAFE_MODE + ": no pictures. Restart to try again")
        await self._frames.pause(SAFE_MODE)
        self._camera.reason = SAFE_MODE
