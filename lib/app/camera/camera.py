"""The camera: good pictures only; how a sensor is started and revived is borrowed."""

import asyncio

from micropython import const

from aio.late import borrow
from proto import jpeg
from proto.faults import CameraFault

_WORDS = const(12)  # most lines about one fault, however long it lasts
_SILENCE = const(3)  # a silent sensor skips the rungs that would only wait again

LADDER = ("retry", "flush", "reinit", "reinit", "power")


class Camera:
    """Owns the sensor. `state` is absent, starting, ready or recovering.

    Absent is a firmware without a camera module, or a sensor that does not answer: that one is
    looked for again and again. What is public here is for this package.
    """

    ladder = LADDER

    def __init__(
        self, sensor, log, new_backoff, params, free_bytes, timeout_ms=3_000, reserve_bytes=65_536
    ):
        self.sensor = sensor
        self.log = log
        self.backoff = new_backoff()
        self.timeout_ms = timeout_ms
        self.free_bytes = free_bytes
        self.reserve_bytes = reserve_bytes  # for frames, TLS and everything else
        self.params = params  # name -> value on the wire; what the sensor has, or will have
        self.streak = 0
        self._said = []  # what fails for long is logged once
        self.state = "starting" if sensor else "absent"
        self.stale = sensor.stale if sensor else 0
        self.copies = sensor.copies if sensor else False
        self.captured = self.failed = 0
        self.recoveries = {step: 0 for step in LADDER}
        self.reason = "" if sensor else "no camera driver in this firmware"
        if not sensor:
            log.error("camera", self.reason)

    def grab(self):
        """What `capture` gives, where it is there at once; else None."""
        if self.state != "ready":
            return None
        try:
            view = self.sensor.poll()
            return None if view is None else self._good(view)
        except (OSError, MemoryError, jpeg.BadJPEG) as e:
            self._failed(e, True)
            raise CameraFault(self.reason) from None

    async def capture(self):
        """A memoryview of one whole JPEG, the driver's own: `release` it soon.

        Raises CameraFault; the next call then goes on with the next rung of the ladder.
        """
        if not self.sensor:
            await asyncio.sleep_ms(1_000)
            raise CameraFault(self.reason)
        started = self.state == "ready"
        try:
            if not started:
                await borrow("app.camera.recovery").recover(self)
                started = True
            return self._good(await self.sensor.capture(self.timeout_ms))
        except (OSError, MemoryError, jpeg.BadJPEG) as e:
            self._failed(e, started)
            raise CameraFault(self.reason) from None

    def _good(self, view):
        """The picture in a driver's buffer; raises BadJPEG."""
        size = jpeg.length(view)
        if size < len(view):
            view = view[:size]
        if self.streak:
            self.log.info("camera", "works again")
            self.streak = 0
            self._said.clear()
            self.reason = ""
            self.backoff.reset()
        self.state = "ready"
        self.captured += 1
        return view

    def release(self):
        """The driver may reuse the buffer of the last `capture`."""
        if self.sensor:
            self.sensor.release()

    def values(self):
        """{name: value} of the parameters that there are."""
        values = self.params
        if self.sensor:
            values = {name: values[name] for name in values if self.sensor.offers(name)}
        return values

    def set(self, changes):
        """Apply [(name, value), ...], all or none; OSError says which the sensor refused.

        It may come between any two captures: the driver never lends a picture over a wait.
        """
        if self.state != "ready":
            raise CameraFault("the camera is {}: {}".format(self.state, self.reason))
        borrow("app.camera.change").change(self, changes)

    def stop(self):
        """Put the sensor to rest; the next capture starts it again."""
        if self.sensor:
            self.sensor.stop()
            self.state = "starting"

    def _failed(self, error, started):
        self.failed += 1
        if isinstance(error, MemoryError) and started and self.streak >= _SILENCE:
            borrow("app.camera.recovery").smaller(self)
        self.streak += 1 if isinstance(error, jpeg.BadJPEG) else _SILENCE
        self.reason = str(error)
        self.say(self.log.error, self.reason)
        self.state = "absent" if getattr(error, "absent", False) else "recovering"

    def say(self, log, text):
        """Log what was not said yet of this fault."""
        if text not in self._said and len(self._said) < _WORDS:
            self._said.append(text)
            log("camera", text)
