"""The sensor through micropython-camera-driver (module functions `camera.init` and so on).

Its buffers must be requested in PSRAM: in the chip's own memory, the default, nothing above CIF
fits. It copies each picture into MicroPython's heap; if that is full, the driver loses its buffer
and is started again. It reports neither why an init failed nor whether a parameter took effect.
`capture` waits inside C and holds the interpreter's lock, so a thread would not help;
hal.sensor.pace keeps that wait short.
"""

import camera
from micropython import const

from hal.sensor import NoSensor, SensorError, has_psram
from hal.sensor.base import Base
from hal.sensor.pace import Pace

_FUNCTIONS = {  # name on the wire -> the driver's function
    "framesize": "framesize",
    "quality": "quality",
    "contrast": "contrast",
    "brightness": "brightness",
    "saturation": "saturation",
    "hmirror": "mirror",
    "vflip": "flip",
    "special_effect": "speffect",
    "wb_mode": "whitebalance",
}
_PINS = {  # name of the board -> the driver's argument
    "vsync_pin": "vsync",
    "href_pin": "href",
    "pclk_pin": "pclk",
    "powerdown_pin": "pwdn",
    "reset_pin": "reset",
    "xclk_pin": "xclk",
    "sda_pin": "siod",
    "scl_pin": "sioc",
}
_BEST = const(10)  # pictures of a finer quality do not fit the driver's buffers
_FAST_HZ = const(20_000_000)


class Sensor(Base):
    """Pictures as copies in the heap, parameters as functions."""

    name = "micropython-camera-driver"
    copies = True
    clocks_mhz = (10, 20)

    def __init__(self, pins, fb_count=2):
        super().__init__(pins, fb_count)
        self._pace = Pace(self._pins["vsync_pin"], fb_count)
        self._psram = has_psram()

    def _begin(self, size, quality):
        self.stop()
        if size > camera.FRAME_CIF and not self._psram:
            raise MemoryError("no PSRAM")
        if not self._init(size, quality, camera.PSRAM if self._psram else camera.DRAM):
            # memory or sensor? a picture of 2 KB fits any memory
            if self._init(camera.FRAME_96X96, quality, camera.DRAM):
                self.stop()
                raise MemoryError("no room for the driver's buffers")
            raise NoSensor("no sensor answers")
        self._pace.restart()

    def _init(self, size, quality, location):
        """Return True if the driver has started."""
        pins = {own: self._pins[name] for name, own in _PINS.items()}
        for number, pin in enumerate(self._pins["data_pins"]):
            pins["d{}".format(number)] = pin
        is_fast = self._pins["xclk_freq"] >= _FAST_HZ
        try:
            return camera.init(
                0,
                format=camera.JPEG,
                framesize=size,
                quality=max(quality, _BEST),
                xclk_freq=camera.XCLK_20MHz if is_fast else camera.XCLK_10MHz,
                fb_size=self._fb_count,
                fb_location=location,
                **pins,
            )
        except OSError:
            return False

    def stop(self):
        """Free the driver and its buffers, even if another program has started it."""
        self._room = -1
        camera.deinit()

    def offers(self, name):
        return (name in _FUNCTIONS or name == "nightmode") and super().offers(name)

    def _set(self, name, value):
        if name not in _FUNCTIONS:
            raise SensorError("not offered by " + self.name)
        if name == "quality":
            value = max(value, _BEST)
        if getattr(camera, _FUNCTIONS[name])(value) is False:
            raise SensorError("the driver has stopped")

    def poll(self):
        """Return a view if there should be a frame now, else None; raises SensorError."""
        if self._room < 0:
            raise SensorError("not started")
        try:
            picture = self._pace.poll(camera.capture)
        except MemoryError:
            self.stop()  # the driver has lost a buffer
            raise MemoryError("no room for a copy of the picture") from None
        return picture and memoryview(picture)

    def release(self, rest=False):
        """Do nothing: the driver has its buffer back already."""

    def _size(self, name):
        size = getattr(camera, "FRAME_" + name, None)
        if size is None:
            raise SensorError("{} is not offered by the driver".format(name))
        return size
