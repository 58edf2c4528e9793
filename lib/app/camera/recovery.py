"""Starts the sensor, and recovers it when it gives no pictures."""

import asyncio

from micropython import const

from config import limits
from proto.jpeg import BadJPEG
from proto.params import PARAMS, limits_of, size_name

LADDER = ("retry", "flush", "reinit", "reinit", "power")  # one step for each failure in a row
_SILENT = const(3)  # steps at once for a silent sensor: the first ones would only wait
_SMALL = const(5)  # QVGA; pictures are not made smaller than that to leave memory for the rest


def apply(sensor, name, value):
    """Set a parameter by its value on the wire; raises OSError if the sensor refuses it."""
    sensor.set(name, size_name(value) if name == "framesize" else value)


class Recovery:
    """Starts `sensor` with `params`, and climbs the ladder while it fails.

    If memory is short, `params` gets a smaller frame size. `counts` has the number of times that
    each step was taken.
    """

    def __init__(self, sensor, params, log, backoff, free_bytes, timeout_ms, reserve_bytes):
        self._sensor = sensor
        self._params = params
        self._log = log
        self._backoff = backoff
        self._free_bytes = free_bytes
        self._timeout_ms = timeout_ms
        self._reserve_bytes = reserve_bytes  # to leave for frames, TLS and everything else
        self._height = 0  # on the ladder, possibly above its end; 0: there is no fault
        self._logged = []  # about this fault, so that each line appears once
        self.counts = {step: 0 for step in LADDER}

    def climb(self, error, is_running):
        """Note a failure of a sensor that is running, or of its start."""
        if isinstance(error, MemoryError) and is_running and self._height >= _SILENT:
            self._shrink()
        self._height += 1 if isinstance(error, BadJPEG) else _SILENT
        self._log_once(self._log.error, str(error))

    def end(self):
        """Note a good picture: the next fault begins at the first step."""
        if self._height:
            self._log.info("camera", "works again")
            self._height = 0
            self._logged.clear()
            self._backoff.reset()

    async def step(self):
        """Take the next step of the ladder; raises what the sensor raises."""
        step = LADDER[min(self._height, len(LADDER)) - 1]
        self.counts[step] += 1
        self._log_once(self._log.info, "recovery: " + step)
        if step == "flush":
            for _ in range(self._sensor.stale):
                await self._sensor.capture(self._timeout_ms)
        elif step == "reinit":
            await self.start()
        elif step == "power":
            await asyncio.sleep_ms(self._backoff.next_ms())
            await self._sensor.power_cycle()
            await self.start()

    async def start(self):
        """Initialise the sensor with all parameters, and smaller pictures if memory is short."""
        wanted = self._params["framesize"]
        size = await self._start_largest(wanted)
        if size < wanted:
            text = "too little memory for {}; using {}".format(size_name(wanted), size_name(size))
            self._log.error("camera", text)
            self._params["framesize"] = size
        chip = self._sensor.chip
        self._log_once(self._log.info, "sensor " + (chip or "silent on its bus"))
        for name, _, _, initial in PARAMS:
            if name not in ("framesize", "quality") and self._params[name] != initial:
                self._set(name, initial, limits_of(name, chip))

    def _set(self, name, initial, bounds):
        """Set a parameter to its value in `params`, unless that was stored for another sensor."""
        low, high = bounds
        try:
            if not low <= self._params[name] <= high:
                text = "{}: {} is out of range, {}..{}"
                wrong, self._params[name] = self._params[name], initial
                raise OSError(text.format(name, wrong, low, high))
            apply(self._sensor, name, self._params[name])
        except OSError as e:
            self._log.error("camera", str(e))

    async def _start_largest(self, wanted):
        """Start with the largest size up to `wanted` that leaves the reserve; return it."""
        for size in range(wanted, -1, -1):
            try:
                await self._sensor.start(size_name(size), self._params["quality"])
                if self._free_bytes() >= self._reserve_bytes or size <= _SMALL:
                    return size
                self._sensor.stop()
            except MemoryError:
                pass
        raise MemoryError("too little memory for any picture")

    def _shrink(self):
        """Choose the next smaller size: two starts in a row left no memory for a picture."""
        size = self._params["framesize"]
        self._params["framesize"] = max(0, size - 1)
        self._log_once(self._log.error, "too little memory for " + size_name(size))

    def _log_once(self, log, text):
        if text not in self._logged and len(self._logged) < limits.CAMERA_LOG_LINES:
            self._logged.append(text)
            log("camera", text)
