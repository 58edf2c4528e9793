"""Common base of the camera drivers: parameters by name, larger buffers, waiting, power."""

import asyncio
from time import sleep_ms

from machine import Pin
from micropython import const

from hal import wave
from hal.sensor import NoFrame, NoSensor, SensorError, Unsuitable, sccb
from hal.sensor.ov2640 import NightMode

_POLL_MS = const(5)
_PWDN_MS = const(100)  # OV2640: 100 ms high, then 100 ms low revive it
_CLOCK_MS = const(10)  # of its clock, until a sensor answers


class Base:
    """A driver adds `_begin`, `_set`, `_size`, `poll`, `release` and `stop`."""

    copies = False  # True: a picture stays as it is after its release
    clocks_mhz = ()  # frequencies of XCLK that the driver offers; (): all
    chip = ""  # name of the sensor that was found, such as "OV2640"; "": none yet
    _room = -1  # largest frame size of the buffers, as the driver's number; -1: stopped
    powered = True  # False: `power` has cut it, and `start` fails
    _wakes = False  # power has come back since the last start
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
        """Initialise the driver; raises MemoryError if its buffers do not fit.

        Raises NoSensor, or Unsuitable if there is a sensor that makes no JPEG pictures.
        """
        if self._wakes:
            await asyncio.sleep_ms(_PWDN_MS)
        self._require_power()
        self._wakes = False
        self._values = {"framesize": framesize, "quality": quality}
        self._restart()
        await asyncio.sleep_ms(0)
        self._require_power()  # the start may have blocked the loop for seconds

    def set_clock(self, mhz):
        """Set the frequency of XCLK, of which all others follow; a running sensor restarts.

        Raises OSError or MemoryError if it does not; it has to be started then.
        """
        hz = 1_000_000 * mhz
        if hz != self._pins["xclk_freq"]:
            self._pins["xclk_freq"] = hz
            if self._room >= 0:
                self._restart()

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
        """Return True if driver and sensor have a parameter."""
        return name != "nightmode" or self.chip in ("", sccb.OV2640)

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
        self._power_down(True)
        await asyncio.sleep_ms(_PWDN_MS)
        self._power_down(not self.powered)
        await asyncio.sleep_ms(_PWDN_MS)

    def power(self, on):
        """Stop the sensor and switch its power (PWDN); without it, `start` raises SensorError."""
        self.stop()
        self.powered = self._wakes = on
        if self._pins["powerdown_pin"] >= 0:
            self._power_down(not on)

    def _power_down(self, down):
        Pin(self._pins["powerdown_pin"], Pin.OUT, value=int(down))

    def _require_power(self):
        if not self.powered:
            self.stop()
            raise SensorError("the sensor has no power")

    def _bus(self):
        """Return the sensor's bus."""
        return sccb.SharedBus(self._pins["sda_pin"], self._pins["scl_pin"])

    def _apply(self, name, value):
        if name == "nightmode":
            if not self.offers(name):
                raise SensorError("not offered by " + self.chip)
            if not self._night:
                self._night = NightMode(self._bus())
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
        try:
            self._begin(size, values["quality"])
        except (NoSensor, NoFrame) as e:
            self._probe(isinstance(e, NoSensor))
            raise
        self._room = size
        self.chip = sccb.identify(self._bus())
        for name in values:
            if name not in ("framesize", "quality", "nightmode"):
                self._set(name, values[name])
        if values.get("nightmode"):
            self._apply("nightmode", 1)

    def _probe(self, is_refused):
        """Raise what is known about a sensor that does not start, if one answers.

        is_refused: the driver has found none that it accepts.
        """
        clock = wave.Wave(wave.CLOCK, Pin(self._pins["xclk_pin"]), 1)
        try:
            clock.start(4, 4)  # 10 MHz, which every sensor accepts
            sleep_ms(_CLOCK_MS)
            self.chip = sccb.identify(self._bus())
        except OSError:  # there is no clock for it
            return
        finally:
            clock.stop()
        if self.chip not in ("", sccb.UNKNOWN) and not sccb.encodes(self.chip):
            text = "sensor {} has no JPEG encoder; this firmware needs an OV2640"
            raise Unsuitable(text.format(self.chip))
        if self.chip == sccb.UNKNOWN and is_refused:
            raise Unsuitable("a sensor of an unknown type; this firmware needs an OV2640")
        if self.chip and is_refused:
            raise SensorError("sensor {} answers, but does not start".format(self.chip))

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
