"""Protection against hangs and failing starts: the watchdog, and safe mode."""

import asyncio

from config import limits

SAFE_REASON = "five failed starts"
SAFE_MODE = "safe mode after " + SAFE_REASON


class Feeder:
    """Feeds the hardware watchdog from the loop: when the loop hangs, the chip restarts.

    `healthy()` is called once, when the loop has run for `healthy_ms`: this start has not failed.
    """

    def __init__(self, watchdog, healthy, every_ms=2_000, healthy_ms=limits.START_HEALTHY_MS):
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
    """Stops the camera, which needs the most memory; network and consoles stay for repairs.

    It tries a normal start `soon_s` after its own start, or `late_s` after it once `tries` of them
    have failed; an update that is under way ends first. `attempts` is the number of those before.
    """

    reason = SAFE_REASON

    def __init__(
        self,
        frames,
        camera,
        clock,
        restart,
        updater,
        attempts,
        log,
        soon_s=limits.SAFE_MODE_S,
        late_s=limits.SAFE_MODE_LONG_S,
        tries=limits.SAFE_MODE_TRIES,
    ):
        self._frames = frames
        self._camera = camera
        self._clock = clock
        self._restart = restart
        self._updater = updater
        self._log = log
        self.left_s = soon_s if attempts < tries else late_s

    async def run(self):
        text = "{}: no pictures. A normal start follows in {} min; restart tries it now"
        self._log.error("system", text.format(SAFE_MODE, self.left_s // 60))
        await self._frames.pause(SAFE_MODE)
        self._camera.reason = SAFE_MODE
        while self.left_s or self._updater.job:
            await asyncio.sleep_ms(1_000)
            self.left_s = max(0, self.left_s - 1)
        self._log.info("system", "safe mode ends: trying a normal start")
        self._restart.attempt()

    def ends(self):
        """Return the local time of the next normal start as ISO 8601; None without a clock."""
        return self._clock.iso_if_set(self.left_s)

    def __str__(self):
        ends = self.ends()
        at = ", at " + ends if ends else ""
        return "{}: normal start in {} s{}".format(SAFE_MODE, self.left_s, at)
