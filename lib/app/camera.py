"""The camera: good pictures only, and a ladder of ways to revive a sensor that gives none."""

import asyncio

from micropython import const

from proto import jpeg
from proto.faults import CameraFault

_SILENCE = const(3)  # a silent sensor skips the rungs that would only wait again

LADDER = ("retry", "flush", "reinit", "reinit", "power")


class Camera:
    """Owns the sensor. `state` is absent, starting, ready or recovering."""

    def __init__(self, sensor, log, new_backoff, framesize="UXGA", quality=8, timeout_ms=3_000):
        self._sensor = sensor
        self._log = log
        self._backoff = new_backoff()
        self._timeout_ms = timeout_ms
        self._framesize = framesize
        self._quality = quality
        self._streak = 0
        self.state = "starting" if sensor else "absent"
        self.stale = sensor.stale if sensor else 0
        self.captured = self.failed = 0
        self.recoveries = {step: 0 for step in LADDER}
        self.reason = "" if sensor else "no camera driver in this firmware"

    async def capture(self):
        """A memoryview of one whole JPEG, the driver's own: `release` it soon.

        Raises CameraFault; the next call then goes on with the next rung of the ladder.
        """
        if not self._sensor:
            await asyncio.sleep_ms(1_000)
            raise CameraFault(self.reason)
        try:
            if self.state != "ready":
                await self._recover()
            view = await self._sensor.capture(self._timeout_ms)
            view = view[: jpeg.length(view)]
        except (OSError, MemoryError, jpeg.BadJPEG) as e:
            self._failed(e)
            raise CameraFault(self.reason) from None
        if self._streak:
            self._log.info("camera", "works again")
            self._streak = 0
            self.reason = ""
            self._backoff.reset()
        self.captured += 1
        return view

    def release(self):
        """The driver may reuse the buffer of the last `capture`."""
        if self._sensor:
            self._sensor.release()

    def stop(self):
        """Put the sensor to rest; the next capture starts it again."""
        if self._sensor:
            self._sensor.stop()
            self.state = "starting"

    def _failed(self, error):
        self.failed += 1
        silent = not isinstance(error, jpeg.BadJPEG) and self.state == "ready"
        self._streak += _SILENCE if silent else 1
        self.reason = str(error)
        self._log.error("camera", self.reason)
        self.state = "recovering"

    async def _recover(self):
        """One rung: from "starting" the first init, then up the ladder."""
        if self.state == "starting":
            await self._sensor.start(self._framesize, self._quality)
        else:
            step = LADDER[min(self._streak, len(LADDER)) - 1]
            self.recoveries[step] += 1
            self._log.info("camera", "recovery: " + step)
            await getattr(self, "_" + step)()
        self.state = "ready"

    async def _retry(self):
        pass

    async def _flush(self):
        for _ in range(self._sensor.stale):
            await self._sensor.capture(self._timeout_ms)

    async def _reinit(self):
        await self._sensor.start(self._framesize, self._quality)

    async def _power(self):
        await asyncio.sleep_ms(self._backoff.next_ms())
        await self._sensor.power_cycle()
        await self._sensor.start(self._framesize, self._quality)
