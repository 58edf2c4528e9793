"""The camera: good pictures only, and a ladder of ways to revive a sensor that gives none."""

import asyncio

from micropython import const

from aio.late import borrow
from proto import jpeg
from proto.faults import CameraFault

_SMALL = const(5)  # QVGA: the rest of the camera is worth less than such a picture
_WORDS = const(12)  # most lines about one fault, however long it lasts
_SILENCE = const(3)  # a silent sensor skips the rungs that would only wait again

LADDER = ("retry", "flush", "reinit", "reinit", "power")


class Camera:
    """Owns the sensor. `state` is absent, starting, ready or recovering.

    Absent is a firmware without a camera module, or a sensor that does not answer: that one is
    looked for again and again.
    """

    def __init__(
        self, sensor, log, new_backoff, params, free_bytes, timeout_ms=3_000, reserve_bytes=65_536
    ):
        self._sensor = sensor
        self._log = log
        self._backoff = new_backoff()
        self._timeout_ms = timeout_ms
        self._free_bytes = free_bytes
        self._reserve_bytes = reserve_bytes  # for frames, TLS and everything else
        self.params = params  # name -> value on the wire; what the sensor has, or will have
        self._streak = 0
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
            view = self._sensor.poll()
            return None if view is None else self._good(view)
        except (OSError, MemoryError, jpeg.BadJPEG) as e:
            self._failed(e, True)
            raise CameraFault(self.reason) from None

    async def capture(self):
        """A memoryview of one whole JPEG, the driver's own: `release` it soon.

        Raises CameraFault; the next call then goes on with the next rung of the ladder.
        """
        if not self._sensor:
            await asyncio.sleep_ms(1_000)
            raise CameraFault(self.reason)
        started = self.state == "ready"
        try:
            if not started:
                await self._recover()
                started = True
            return self._good(await self._sensor.capture(self._timeout_ms))
        except (OSError, MemoryError, jpeg.BadJPEG) as e:
            self._failed(e, started)
            raise CameraFault(self.reason) from None

    def _good(self, view):
        """The picture in a driver's buffer; raises BadJPEG."""
        size = jpeg.length(view)
        if size < len(view):
            view = view[:size]
        if self._streak:
            self._log.info("camera", "works again")
            self._streak = 0
            self._said.clear()
            self.reason = ""
            self._backoff.reset()
        self.state = "ready"
        self.captured += 1
        return view

    def release(self):
        """The driver may reuse the buffer of the last `capture`."""
        if self._sensor:
            self._sensor.release()

    def values(self):
        """{name: value} of the parameters that there are."""
        values = self.params
        if self._sensor:
            values = {name: values[name] for name in values if self._sensor.offers(name)}
        return values

    def set(self, changes):
        """Apply [(name, value), ...], all or none; OSError says which the sensor refused.

        It may come between any two captures: the driver never lends a picture over a wait.
        """
        if self.state != "ready":
            raise CameraFault("the camera is {}: {}".format(self.state, self.reason))
        done = []
        try:
            for name, value in changes:
                self._apply(name, value)
                done.append(name)
        except OSError:
            self._roll_back(done)
            raise
        self.params.update(changes)

    def _roll_back(self, names):
        try:
            for name in names:
                self._apply(name, self.params[name])
        except OSError:  # the next capture starts it with the old ones
            self.stop()

    def _apply(self, name, value):
        self._sensor.set(name, _size_name(value) if name == "framesize" else value)

    async def _start(self):
        """Initialise the sensor as it is wished to be, smaller where the memory is short."""
        wished = self.params["framesize"]
        for size in range(wished, -1, -1):
            try:
                await self._sensor.start(_size_name(size), self.params["quality"])
                if self._free_bytes() >= self._reserve_bytes or size <= _SMALL:
                    break
                self._sensor.stop()
            except MemoryError:
                pass
        else:
            raise MemoryError("not even for the smallest picture")
        if size < wished:
            text = "too little memory for {}: {}"
            self._log.error("camera", text.format(_size_name(wished), _size_name(size)))
            self.params["framesize"] = size
        for name, _, _, initial in borrow("proto.params").PARAMS:
            value = self.params[name]
            if value != initial and name not in ("framesize", "quality"):
                try:
                    self._apply(name, value)
                except OSError as e:  # stored for another sensor: a picture is worth more
                    self._log.error("camera", str(e))

    def stop(self):
        """Put the sensor to rest; the next capture starts it again."""
        if self._sensor:
            self._sensor.stop()
            self.state = "starting"

    def _failed(self, error, started):
        self.failed += 1
        if isinstance(error, MemoryError) and started and self._streak >= _SILENCE:
            self._smaller()
        self._streak += 1 if isinstance(error, jpeg.BadJPEG) else _SILENCE
        self.reason = str(error)
        self._say(self._log.error, self.reason)
        self.state = "absent" if getattr(error, "absent", False) else "recovering"

    def _smaller(self):
        """What found no room twice running finds none the third time either."""
        size = self.params["framesize"]
        self.params["framesize"] = max(0, size - 1)
        self._say(self._log.error, "too little memory for " + _size_name(size))

    def _say(self, log, text):
        """Log what was not said yet of this fault."""
        if text not in self._said and len(self._said) < _WORDS:
            self._said.append(text)
            log("camera", text)

    async def _recover(self):
        """One rung: from "starting" the first init, then up the ladder."""
        if self.state == "starting":
            await self._start()
        else:
            step = LADDER[min(self._streak, len(LADDER)) - 1]
            self.recoveries[step] += 1
            self._say(self._log.info, "recovery: " + step)
            await getattr(self, "_" + step)()

    async def _retry(self):
        pass

    async def _flush(self):
        for _ in range(self._sensor.stale):
            await self._sensor.capture(self._timeout_ms)

    async def _reinit(self):
        await self._start()

    async def _power(self):
        await asyncio.sleep_ms(self._backoff.next_ms())
        await self._sensor.power_cycle()
        await self._start()


def _size_name(number):
    return borrow("proto.params").size_name(number)
