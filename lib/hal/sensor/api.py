"""The sensor through micropython-camera-API (class `camera.Camera`).

Its constructor takes a picture to prove that it can, and waits up to 4 s for it; so does
`capture`, which is therefore asked only once there is a picture. Both hold the interpreter's
lock meanwhile, so that a thread would be no help. What remains: with a sensor that answers on its
bus but gives no pictures, each new start stops the loop for 4 s.
"""

from errno import ENOMEM

import camera
from machine import I2C, Pin
from micropython import const

from hal.sensor import NoFrame, NoSensor, SensorError
from hal.sensor.base import Base

_I2C = const(1)
_EOPNOTSUPP = const(95)  # errno has no such name
_SCCB_HZ = const(100_000)
_PROPERTIES = {  # name on the wire -> the driver's, where it differs
    "framesize": "frame_size",
    "awb": "whitebal",
    "agc": "gain_ctrl",
    "aec": "exposure_ctrl",
}
_SWITCHES = "colorbar awb agc aec hmirror vflip awb_gain aec2 dcw bpc wpc raw_gma lenc".split()


class Sensor(Base):
    """Pictures as views of the driver's buffer, parameters by name."""

    name = "micropython-camera-API"
    _camera = None
    _i2c = None

    def _begin(self, size, quality):
        self.stop()
        pins = dict(self._pins)
        pins["data_pins"] = list(pins["data_pins"])  # no tuple is taken
        settings = {
            "pixel_format": camera.PixelFormat.JPEG,  # RGB565 is the default
            "frame_size": size,
            "jpeg_quality": _percent(quality),
            "fb_count": self._fb_count,
            "grab_mode": camera.GrabMode.LATEST,
        }
        settings.update(pins)
        try:
            self._construct(settings)
        except (OSError, RuntimeError) as e:
            text = str(e)
            if "NO_MEM" in text or ENOMEM in e.args:
                raise MemoryError(text) from None
            if "NOT_FOUND" in text or _EOPNOTSUPP in e.args:
                raise NoSensor("no sensor answers") from None
            if "initial frame" in text:
                raise NoFrame("the sensor gave no first picture") from None
            raise SensorError("init failed: {}".format(e)) from None
        if not hasattr(self._camera, "frame_available"):  # older ones cannot be asked
            from hal.sensor.pace import Pace

            self._pace = Pace(self._pins["vsync_pin"], self._fb_count)

    def _construct(self, settings):
        """With a bus of ours, so that the night mode shares it, where the driver takes one."""
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
        running, self._camera = self._camera, None
        if running:
            try:
                running.deinit()
            except OSError:  # it has stopped itself
                pass

    def _night_bus(self):
        if self._i2c:
            return self._i2c
        from hal.sensor.sccb import BorrowedBus

        return BorrowedBus(self._pins["sda_pin"], self._pins["scl_pin"])

    def _set(self, name, value):
        if name == "quality":
            value = _percent(value)
        elif name in _SWITCHES:
            value = bool(value)
        setattr(self._camera, _PROPERTIES.get(name, name), value)

    def poll(self):
        """The view, if there is a frame now; else None. Raises SensorError."""
        if not self._camera:
            raise SensorError("not started")
        try:
            self._camera.free_buffer()
            if self._pace:
                return self._pace.ask(self._camera.capture)
            if not self._camera.frame_available():
                return None
            view = self._camera.capture()
        except NoFrame:
            raise
        except (OSError, RuntimeError) as e:
            raise SensorError("capture failed: {}".format(e)) from None
        if view is None:
            raise SensorError("capture gave nothing")
        return view

    def release(self):
        """Give the frame back, so that the sensor's next picture is fresh."""
        if self._camera:
            self._camera.free_buffer()

    def _size(self, name):
        for candidate in (name, "R" + name):  # "96X96" is R96X96 here
            if hasattr(camera.FrameSize, candidate):
                return getattr(camera.FrameSize, candidate)
        raise SensorError("{} is not offered by the driver".format(name))


def _percent(quality):
    """The driver's 0..100 (higher is better) for the wire's 63..0 (lower is better)."""
    return (63 - quality) * 100 // 63
