"""The sensor through micropython-camera-driver (module functions `camera.init` and so on).

Its buffers have to be asked for in PSRAM: in the chip's own memory, where they go by default,
nothing above CIF has room. It copies each picture into MicroPython's heap; where that is full it
loses its buffer, and is started anew. It never says why an init failed, nor whether a parameter
took. `capture` waits inside C and holds the interpreter's lock, so that a thread would be no
help; see hal.sensor.pace for how that is kept short, and for what remains.
"""

import gc

import camera
from micropython import const

from hal.sensor import NoSensor, SensorError
from hal.sensor.base import Base
from hal.sensor.pace import Pace

_FUNCTIONS = {  # name on the wire -> the driver's function, where it differs
    "hmirror": "mirror",
    "vflip": "flip",
    "special_effect": "speffect",
    "wb_mode": "whitebalance",
}
_OFFERED = (
    "framesize quality contrast brightness saturation hmirror vflip special_effect wb_mode"
    " nightmode"
)
_PINS = {
    "vsync_pin": "vsync",
    "href_pin": "href",
    "pclk_pin": "pclk",
    "powerdown_pin": "pwdn",
    "reset_pin": "reset",
    "xclk_pin": "xclk",
    "sda_pin": "siod",
    "scl_pin": "sioc",
}
_BEST = const(10)  # finer pictures do not fit the driver's buffers
_PSRAM_HEAP = const(1_000_000)  # the chip alone has no heap of that size
_FAST_HZ = const(20_000_000)


def _copy():
    """The driver's copy of its next picture; False without one."""
    gc.collect()  # the copy before is garbage, and this one needs its room
    return camera.capture()


class Sensor(Base):
    """Pictures as copies in the heap, parameters by name."""

    name = "micropython-camera-driver"
    copies = True

    def __init__(self, pins, fb_count=2):
        super().__init__(pins, fb_count)
        self._pace = Pace(self._pins["vsync_pin"], fb_count)
        self._psram = gc.mem_free() + gc.mem_alloc() > _PSRAM_HEAP

    def _begin(self, size, quality):
        self.stop()
        if size > camera.FRAME_CIF and not self._psram:
            raise MemoryError("no PSRAM")
        if not self._init(size, quality, camera.PSRAM if self._psram else camera.DRAM):
            # it does not say why: a picture of 2 KB has room in any memory
            if self._init(camera.FRAME_96X96, quality, camera.DRAM):
                self.stop()
                raise MemoryError("no room for the driver's buffers")
            raise NoSensor("no sensor answers")
        self._pace.restart()

    def _init(self, size, quality, location):
        """Whether the driver could start."""
        pins = {own: self._pins[name] for name, own in _PINS.items()}
        for number, pin in enumerate(self._pins["data_pins"]):
            pins["d{}".format(number)] = pin
        fast = self._pins["xclk_freq"] >= _FAST_HZ
        try:
            return camera.init(
                0,
                format=camera.JPEG,
                framesize=size,
                quality=max(quality, _BEST),
                xclk_freq=camera.XCLK_20MHz if fast else camera.XCLK_10MHz,
                fb_size=self._fb_count,
                fb_location=location,
                **pins,
            )
        except OSError:
            return False

    def stop(self):
        """Free the driver and its buffers, even those of a program before this one."""
        self._room = -1
        camera.deinit()

    def offers(self, name):
        return name in _OFFERED.split()

    def _night_bus(self):
        from hal.sensor.sccb import BorrowedBus

        return BorrowedBus(self._pins["sda_pin"], self._pins["scl_pin"])

    def _set(self, name, value):
        if not self.offers(name):
            raise SensorError("not offered by " + self.name)
        if name == "quality":
            value = max(value, _BEST)
        if getattr(camera, _FUNCTIONS.get(name, name))(value) is False:
            raise SensorError("the driver has stopped")

    def poll(self):
        """The view, if there should be a frame now; else None. Raises SensorError."""
        if self._room < 0:
            raise SensorError("not started")
        try:
            picture = self._pace.ask(_copy)
        except MemoryError:
            self.stop()  # the driver has lost a buffer
            raise MemoryError("no room for a copy of the picture") from None
        return picture and memoryview(picture)

    def release(self):
        """The driver has its buffer back already."""

    def _size(self, name):
        try:
            return getattr(camera, "FRAME_" + name)
        except AttributeError:
            raise SensorError("{} is not offered by the driver".format(name)) from None
