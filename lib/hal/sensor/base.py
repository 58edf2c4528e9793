"""Common base of the camera drivers: parameters by name, larger buffers, waiting, power."""

import asyncio

from machine import Pin
from micropython import const

from hal.sensor import NoFrame, SensorError
from hal.sensor.ov2640 import NightMode

_POLL_MS = const(5)
_PWDN_MS = const(100)  # OV2640: 100 ms high, then 100 ms low revive it


class Base:
    """A driver adds `_begin`, `_set`, `_size`, `_night_bus`, `poll`, `release` and `stop`."""

    copies = False  # True: a picture stays as it is after its release
    _room = -1  # largest frame size of the buffers, as the driver's number; -1: stopped
    _pace = None  # for a driver that does not report whether it has a picture

    def __init__(self, pins, fb_count=2):
        self._pins = dict(pins)
        self._fb_count = fb_count
        self._night = None
        self._values = {}  # set since the start: not every driver can be read

    @property
    def stale(self):
        """Number of the next captures whose exposure may have begun before now."""
        return self._fb_count

    @property
    def framesize(self):
        """Name of the frame size; "" before the first start."""
        return self._values.get("framesize", "")

    @property
    def quality(self):
        """Quality as on the wire; -1 before the first start."""
        return self._values.get("quality", -1)

    async def start(self, framesize="UXGA", quality=8):
        """Initialise the driver; raises NoSensor, or MemoryError if its buffers do not fit."""
        self._values = {"framesize": framesize, "quality": quality}
        self._restart()
        await asyncio.sleep_ms(0)

    def set(self, name, value):
        """Set one parameter to its value on the wire; a frame size by its name.

        Raises SensorError, which names the parameter, if driver or sensor does not offer it.
        """
        try:
            if self._room < 0:
                raise SensorError("the camera is not started")
            if name == "framesize" and self._size(value) > self._room:
                self._grow(value)
            else:
                self._apply(name, value)
        except (SensorError, MemoryError) as e:
            raise SensorError("{}: {}".format(name, e)) from None
        except (AttributeError, ValueError, OSError, RuntimeError) as e:
            raise SensorError("{}: not offered by this camera ({})".format(name, e)) from None
        self._values[name] = value
        if self._pace and name in ("framesize", "nightmode"):
            self._pace.restart()

    def offers(self, name):
        """Return True if the driver has a parameter."""
        return True

    async def capture(self, timeout_ms):
        """Return a view of the next frame, valid until `release` or the next capture.

        Raises NoFrame. It polls, as the driver's own wait of up to 4 s would block the loop.
        """
        for _ in range(timeout_ms // _POLL_MS):
            view = self.poll()
            if view is not None:
                return view
            await asyncio.sleep_ms(_POLL_MS)
        raise NoFrame("no frame in {} ms".format(timeout_ms))

    async def power_cycle(self):
        """Switch the sensor off and on again (PWDN); it has to be started afterwards."""
        self.stop()
        if self._pins["powerdown_pin"] < 0:  # not every board has it
            return
        pin = Pin(self._pins["powerdown_pin"], Pin.OUT, value=1)
        await asyncio.sleep_ms(_PWDN_MS)
        pin.value(0)
        await asyncio.sleep_ms(_PWDN_MS)

    def _apply(self, name, value):
        if name == "nightmode":
            if not self._night:
                self._night = NightMode(self._night_bus())
            self._night.set(value)
        elif name == "framesize":
            self._resize(self._size(value))
        else:
            self._set(name, value)

    def _resize(self, size):
        """Set the frame size, with which the driver sets the clock; then restore night mode."""
        night = self._values.get("nightmode")
        if night:
            self._night.set(0)
        self._set("framesize", size)
        if night:
            self._night.set(1)

    def _restart(self):
        """Start the driver with the values of `_values`."""
        values = self._values
        size = self._size(values["framesize"])
        self._night = None
        self._begin(size, values["quality"])
        self._room = size
        for name in values:
            if name not in ("framesize", "quality", "nightmode"):
                self._set(name, values[name])
        if values.get("nightmode"):
            self._apply("nightmode", 1)

    def _grow(self, size):
        """Restart for a larger frame size, because the buffers keep the size of the start."""
        before = self._values["framesize"]
        try:
            self._values["framesize"] = size
            self._restart()
        except (OSError, MemoryError) as e:
            self._values["framesize"] = before
            self._restart()
            raise SensorError("no {}: {}".format(size, e)) from None
