"""The sensor through micropython-camera-API (class `camera.Camera`).

Its constructor captures a picture as a test and waits up to 4 s for it; `capture` waits as long,
so it is called only when there is a picture. Both hold the interpreter's lock, so a thread would
not help. Known limit: with a sensor that answers on its bus but delivers no pictures, each start
blocks the loop for 4 s.
"""

from errno import ENOMEM

import camera
from machine import I2C, Pin
from micropython import const

from hal.sensor import NoFrame, NoSensor, SensorError
from hal.sensor.base import Base
from hal.sensor.pace import Pace

_I2C = const(1)
_EOPNOTSUPP = const(95)  # MicroPython's errno does not have it
_SCCB_HZ = const(100_000)
_PROPERTIES = {  # name on the wire -> the driver's, where it differs
    "framesize": "frame_size",
    "awb": "whitebal",
    "agc": "gain_ctrl",
    "aec": "exposure_ctrl",
}
_SWITCHES = (  # the driver requires a bool
    "colorbar",
    "awb",
    "agc",
    "aec",
    "hmirror",
    "vflip",
    "awb_gain",
    "aec2",
    "dcw",
    "bpc",
    "wpc",
    "raw_gma",
    "lenc",
)


class Sensor(Base):
    """Pictures as views of the driver's buffer, parameters as properties."""

    name = "micropython-camera-API"
    _camera = None
    _i2c = None
    _holds = False  # the buffer of the last picture

    @property
    def stale(self):
        """As in Base; while a buffer is held, the driver does not refill it."""
        return self._fb_count - (1 if self._holds else 0)

    def _begin(self, size, quality):
        self.stop()
        pins = dict(self._pins)
        pins["data_pins"] = list(pins["data_pins"])  # the driver accepts no tuple
        settings = {
            "pixel_format": camera.PixelFormat.JPEG,  # the default is RGB565
            "frame_size": size,
            "jpeg_quality": _percent(quality),
            "fb_count": self._fb_count,
            "grab_mode": camera.GrabMode.LATEST,
        }
        settings.update(pins)
        try:
            self._construct(settings)
        except (OSError, RuntimeError) as e:
            raise _reason(e) from None
        if not hasattr(self._camera, "frame_available"):  # an older driver
            self._pace = Pace(self._pins["vsync_pin"], self._fb_count)

    def _construct(self, settings):
        """Pass our own bus, which night mode shares, to a driver that accepts one."""
        sda, scl = settings.pop("sda_pin"), settings.pop("scl_pin")
        try:
            i2c = I2C(_I2C, sda=Pin(sda), scl=Pin(scl), freq=_SCCB_HZ)
            self._camera = camera.Camera(i2c=i2c, **settings)
            self._i2c = i2c
        except TypeError:
            self._i2c = i2c = None
            self._camera = camera.Camera(sda_pin=sda, scl_pin=scl, **settings)

    def stop(self):
        """Free the driver and its buffers."""
        self._room = -1
        self._holds = False
        running, self._camera = self._camera, None
        if running:
            try:
                running.deinit()
            except (OSError, RuntimeError):  # it has stopped already
                pass

    def _bus(self):
        return self._i2c or super()._bus()

    def _set(self, name, value):
        if name == "quality":
            value = _percent(value)
        elif name in _SWITCHES:
            value = bool(value)
        if name == "framesize":
            self._free()  # the driver may do it, too
        setattr(self._camera, _PROPERTIES.get(name, name), value)

    def poll(self):
        """Return a view if there is a frame now, else None; raises SensorError."""
        if not self._camera:
            raise SensorError("not started")
        try:
            self._free()
            if self._pace:
                return self._pace.poll(self._camera.capture)
            if not self._camera.frame_available():
                return None
            view = self._camera.capture()
        except NoFrame:
            raise
        except (OSError, RuntimeError) as e:
            raise SensorError("capture failed: {}".format(e)) from None
        if view is None:
            raise SensorError("capture returned nothing")
        return view

    def release(self, rest=False):
        """Return the buffer of the last picture to the driver; with `rest`, not before `poll`.

        A driver that misses a buffer stops after one more picture. Then one old picture, not two,
        comes before a fresh one, and no picture that nobody wants is written to PSRAM.
        """
        if rest and not self._pace:
            self._holds = True
        elif self._camera:
            self._free()

    def _free(self):
        self._holds = False
        self._camera.free_buffer()

    def _size(self, name):
        for candidate in (name, "R" + name):  # "96X96" is R96X96 here
            if hasattr(camera.FrameSize, candidate):
                return getattr(camera.FrameSize, candidate)
        raise SensorError("{} is not offered by the driver".format(name))


def _reason(error):
    """Convert an error of the driver's constructor to one of ours."""
    text = str(error)
    if "NO_MEM" in text or ENOMEM in error.args:
        return MemoryError(text)
    if "NOT_FOUND" in text or _EOPNOTSUPP in error.args:
        return NoSensor("no sensor answers")
    if "initial frame" in text:
        return NoFrame("the sensor delivers no first picture")
    return SensorError("init failed: {}".format(error))


def _percent(quality):
    """Convert 63..0 of the wire (lower is better) to the driver's 0..100 (higher is better)."""
    return (63 - quality) * 100 // 63
