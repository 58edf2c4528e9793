"""The sensor through micropython-camera-API (class `camera.Camera`)."""

import asyncio
from errno import ENOMEM

import camera
from machine import I2C, Pin
from micropython import const

from hal.sensor import NoFrame, SensorError
from hal.sensor.ov2640 import NightMode

_POLL_MS = const(5)
_I2C = const(1)
_SCCB_HZ = const(100_000)
_PROPERTIES = {  # name on the wire -> the driver's, where it differs
    "framesize": "frame_size",
    "awb": "whitebal",
    "agc": "gain_ctrl",
    "aec": "exposure_ctrl",
}
_SWITCHES = "colorbar awb agc aec hmirror vflip awb_gain aec2 dcw bpc wpc raw_gma lenc".split()
_PWDN_MS = const(100)  # OV2640: high 100 ms, low 100 ms revives it


class Sensor:
    """Pictures as views of the driver's buffer, parameters by name."""

    name = "micropython-camera-API"
    stale = 2  # frames that may have been begun before a capture was asked for

    def __init__(self, pins, fb_count=2):
        self._pins = dict(pins)
        self._bus = {"sda": self._pins.pop("sda_pin"), "scl": self._pins.pop("scl_pin")}
        self._night = None
        self._fb_count = fb_count
        self._camera = None

    async def start(self, framesize="UXGA", quality=8):
        """Initialise the driver; SensorError when no sensor answers."""
        self.stop()
        i2c = I2C(  # ours, so that the driver and the night mode share one bus
            _I2C, sda=Pin(self._bus["sda"]), scl=Pin(self._bus["scl"]), freq=_SCCB_HZ
        )
        try:
            self._camera = camera.Camera(
                i2c=i2c,
                pixel_format=camera.PixelFormat.JPEG,
                frame_size=self._size(framesize),
                jpeg_quality=_percent(quality),
                fb_count=self._fb_count,
                grab_mode=camera.GrabMode.LATEST,
                **self._pins,
            )
        except (OSError, RuntimeError) as e:
            if "NO_MEM" in str(e) or ENOMEM in e.args:
                raise MemoryError(str(e)) from None
            raise SensorError("init failed: {}".format(e)) from None
        self._night = NightMode(i2c)
        await asyncio.sleep_ms(0)

    def stop(self):
        """Free the driver and its buffers."""
        if self._camera:
            self._camera.deinit()
            self._camera = None

    def set(self, name, value):
        """Set one parameter as it stands on the wire; a frame size by its name.

        Raises SensorError that names the parameter when driver or sensor do not offer it.
        """
        try:
            if name == "nightmode":
                self._night.set(value)
                return
            if name == "framesize":
                value = self._size(value)
            elif name == "quality":
                value = _percent(value)
            elif name in _SWITCHES:
                value = bool(value)
            setattr(self._camera, _PROPERTIES.get(name, name), value)
        except (AttributeError, ValueError, OSError) as e:
            raise SensorError("{}: not offered by this camera ({})".format(name, e)) from None

    async def capture(self, timeout_ms):
        """A view of the next frame, valid until `release` or the next capture.

        Raises SensorError when none came in time: the driver's own wait of 4 s would stop the
        loop, so it is asked first whether there is one.
        """
        for _ in range(timeout_ms // _POLL_MS):
            view = self.poll()
            if view is not None:
                return view
            await asyncio.sleep_ms(_POLL_MS)
        raise NoFrame("no frame in {} ms".format(timeout_ms))

    def poll(self):
        """The view, if there is a frame now; else None. Raises SensorError."""
        if not self._camera:
            raise SensorError("not started")
        try:
            self._camera.free_buffer()
            if not self._camera.frame_available():
                return None
            view = self._camera.capture()
        except (OSError, RuntimeError) as e:
            raise SensorError("capture failed: {}".format(e)) from None
        if view is None:
            raise SensorError("capture gave nothing")
        return view

    def release(self):
        """Give the frame back, so that the sensor's next picture is fresh."""
        if self._camera:
            self._camera.free_buffer()

    async def power_cycle(self):
        """Take the sensor's power away for a moment (PWDN); it has to be started again."""
        self.stop()
        pin = Pin(self._pins["powerdown_pin"], Pin.OUT, value=1)
        await asyncio.sleep_ms(_PWDN_MS)
        pin.value(0)
        await asyncio.sleep_ms(_PWDN_MS)

    def _size(self, name):
        for candidate in (name, "R" + name):  # "96X96" is R96X96 here
            if hasattr(camera.FrameSize, candidate):
                return getattr(camera.FrameSize, candidate)
        raise SensorError("framesize {} is not offered by the driver".format(name))


def _percent(quality):
    """The driver's 0..100 (higher is better) for the wire's 63..0 (lower is better)."""
    return (63 - quality) * 100 // 63
