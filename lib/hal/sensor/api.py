"""The sensor through micropython-camera-API (class `camera.Camera`)."""

import asyncio

import camera
from machine import Pin
from micropython import const

from hal.sensor import NoFrame, SensorError

_POLL_MS = const(5)
_PWDN_MS = const(100)  # OV2640: high 100 ms, low 100 ms revives it


class Sensor:
    """Pictures as views of the driver's buffer, parameters by name."""

    name = "micropython-camera-API"
    stale = 2  # frames that may have been begun before a capture was asked for

    def __init__(self, pins, fb_count=2):
        self._pins = pins
        self._fb_count = fb_count
        self._camera = None

    async def start(self, framesize="UXGA", quality=8):
        """Initialise the driver; SensorError when no sensor answers."""
        self.stop()
        try:
            self._camera = camera.Camera(
                pixel_format=camera.PixelFormat.JPEG,
                frame_size=self._size(framesize),
                jpeg_quality=_percent(quality),
                fb_count=self._fb_count,
                grab_mode=camera.GrabMode.LATEST,
                **self._pins,
            )
        except (OSError, RuntimeError) as e:
            raise SensorError("init failed: {}".format(e)) from None
        await asyncio.sleep_ms(0)

    def stop(self):
        """Free the driver and its buffers."""
        if self._camera:
            self._camera.deinit()
            self._camera = None

    async def capture(self, timeout_ms):
        """A view of the next frame, valid until `release` or the next capture.

        Raises SensorError when none came in time: the driver's own wait of 4 s would stop the
        loop, so it is asked first whether there is one.
        """
        if not self._camera:
            raise SensorError("not started")
        self.release()
        for _ in range(timeout_ms // _POLL_MS):
            if self._available():
                break
            await asyncio.sleep_ms(_POLL_MS)
        else:
            raise NoFrame("no frame in {} ms".format(timeout_ms))
        try:
            view = self._camera.capture()
        except (OSError, RuntimeError) as e:
            raise SensorError("capture failed: {}".format(e)) from None
        if view is None:
            raise SensorError("capture gave nothing")
        return view

    def _available(self):
        try:
            return self._camera.frame_available()
        except (OSError, RuntimeError) as e:
            raise SensorError("capture failed: {}".format(e)) from None

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
