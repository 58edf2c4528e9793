"""Simulated sensor, an OV2640 or another, behind the frame buffers of esp32-camera.

The frame size at the start of the driver determines the size of the buffers. As on the chip, later
pictures that do not fit are lost. The sensor is free-running. A picture is exposed at a frame
boundary and drawn then, if a buffer is free. With WHEN_EMPTY a buffer keeps its picture until it
is read; with LATEST the newest picture replaces it, unless the firmware holds the other buffer.
Pictures are drawn on demand, so an idle camera uses no CPU time.
"""

import asyncio
import time

import frame_sizes
from errors import DeviceError, os_error, value_error
from frame_clock import FrameClock, LatestMode
from sccb import Registers

PWDN, VSYNC = 32, 25
_ROUTES = {26: 96, 27: 95}  # SDA and SCL: signals of the second I2C port in the GPIO matrix
WHEN_EMPTY, LATEST = 0, 1
RGB565, GRAYSCALE, JPEG, RGB888 = 0, 3, 4, 5
_BYTES_PER_PIXEL = {RGB565: 2, GRAYSCALE: 1, RGB888: 3}
_TIMEOUT_S = 4
_STALL_POLL_S = 0.02  # poll interval for the end of a stall
_NOT_SUPPORTED = 95
_FAST_PERIOD_S = 0.001
_PULSE = 0.1  # fraction of the frame period
_INTEGERS = {
    "contrast": (-2, 2, 0),
    "brightness": (-2, 2, 0),
    "saturation": (-2, 2, 0),
    "gainceiling": (0, 6, 0),
    "quality": (0, 100, 85),
    "agc_gain": (0, 30, 0),
    "aec_value": (0, 1200, 300),
    "special_effect": (0, 6, 0),
    "wb_mode": (0, 4, 0),
    "ae_level": (-2, 2, 0),
    "frame_size": (0, frame_sizes.UXGA, 1),
}
_BY_DSP = "contrast brightness saturation special_effect wb_mode quality".split()
_UNSUPPORTED = {"sharpness": 0, "denoise": 0}  # the OV2640 has neither
_SWITCHES = {
    "colorbar": 0, "whitebal": 1, "gain_ctrl": 1, "exposure_ctrl": 1, "hmirror": 0, "vflip": 0,
    "aec2": 0, "awb_gain": 1, "dcw": 1, "bpc": 0, "wpc": 1, "raw_gma": 1, "lenc": 1,
}  # fmt: skip


class Frame:
    """Exposed picture: number, start time, settings, and data once drawn."""

    def __init__(self, number, start, settings):
        self.number = number
        self.start = start
        self.settings = settings
        self.data = None
        self.queued_at = None


class Sensor:
    """Exposes pictures, queues them in buffers and returns their data."""

    def __init__(self, renderer, faults, pins, fast=False, chip="OV2640"):
        self._render = renderer
        self._faults = faults
        self._pins = pins
        self._fast = fast
        self._clock = FrameClock()
        self.captured = 0
        self.last = None
        self._task = None
        self.registers = Registers(
            pins, lambda: self._config is not None, lambda: faults.absent, chip
        )
        pins.on_change(self._pin_changed)
        pins.drive_by(VSYNC, self._vsync)
        self.reset()

    def reset(self):
        self.deinit()
        self._config = None

    def _vsync(self):
        """Return the level of VSYNC: a short pulse per frame while the sensor runs."""
        if not self._config or self._faults.stalled or self._pins.level(PWDN):
            return 0
        return int(time.monotonic() / self._period_s % 1 < _PULSE)

    def _pin_changed(self, pin, level):
        if pin == PWDN and level:
            self._faults.power_cycle()

    # Start and stop

    def calls(self):
        names = "init deinit get set free lose"
        own = {"camera." + name: getattr(self, name) for name in names.split()}
        return {**own, **self.registers.calls()}

    def controls(self):
        return {
            "frames": lambda: {"captured": self.captured, "last": self.last},
            "sensor": self.exchange,
        }

    def exchange(self, chip=None):
        """Solder in another sensor, by its name or id, if given; report sensor and clock."""
        if chip is not None:
            self.registers.exchange(chip)
        return {"chip": self.registers.name, "xclk_hz": (self._config or {}).get("xclk_hz")}

    async def init(self, config):
        """Start like esp_camera_init; return the buffer size in bytes.

        Raise OSError (ESP_ERR_NOT_SUPPORTED) without a sensor or for an unknown pixel format.
        """
        self.deinit()
        if self._pins.level(PWDN) or self._faults.absent:
            raise os_error(_NOT_SUPPORTED, "ESP_ERR_NOT_SUPPORTED")
        encodes = self.registers.chip.jpeg
        if config["pixel_format"] not in ((JPEG,) if encodes else ()) + (*_BYTES_PER_PIXEL,):
            raise os_error(_NOT_SUPPORTED, "ESP_ERR_NOT_SUPPORTED")
        await asyncio.sleep(0 if self._fast else 0.1)
        self._config = config
        self.registers.reset()
        self._settings = {name: row[2] for name, row in _INTEGERS.items()}
        self._settings.update(_SWITCHES, **_UNSUPPORTED)
        self._settings["frame_size"] = min(config["frame_size"], frame_sizes.UXGA)
        self._previous = self._settings
        self._changed = 0
        self._settings["quality"] = config["jpeg_quality"]
        for pin, signal in _ROUTES.items():
            self._pins.route(pin, signal)
        self._allocated_bytes = self._buffer_bytes()
        self._lost = 0
        self._start()
        return self._allocated_bytes

    def deinit(self):
        if self._task:
            self._task.cancel()
        self._task = None
        self._config = None
        self._held = False
        self._queue = []

    def _start(self):
        """Clear the buffers and start the sensor."""
        if self._task:
            self._task.cancel()
        self._queue = []
        self._held = False
        self._clock.set_period(self._period_s)
        self._latest_mode = LatestMode(self._clock)
        self._last_number = -1
        self._ready = asyncio.Event()
        self._wanted = asyncio.Event()
        self._task = asyncio.ensure_future(self._run())

    def _buffer_bytes(self):
        width, height = frame_sizes.pixels(self._settings["frame_size"])
        per_pixel = _BYTES_PER_PIXEL.get(self._config["pixel_format"])
        return width * height * per_pixel if per_pixel else width * height // 5

    # Exposure

    @property
    def _period_s(self):
        if self._fast:
            return _FAST_PERIOD_S
        slow = 20_000_000 / self._config["xclk_hz"]
        big = self._settings["frame_size"] > frame_sizes.NAMES.index("SVGA")
        return (0.08 if big else 0.04) * slow * self.registers.clock_divider()

    @property
    def _latest(self):
        return self._config["grab_mode"] == LATEST and self._config["fb_count"] > 1

    async def _run(self):
        """Fill free buffers; in LATEST mode, only on request."""
        while True:
            self._wanted.clear()
            room = len(self._queue) + self._held + self._lost < self._config["fb_count"]
            if self._latest:
                room = not self._queue or self._stale(self._queue[-1])
            if room and not self._faults.stalled and not self._pins.level(PWDN):
                await self._expose()
                if self._latest:
                    await self._wanted.wait()
            elif self._faults.stalled:
                await asyncio.sleep(_STALL_POLL_S)
            else:
                await self._wanted.wait()

    def _stale(self, frame):
        """Return True if the sensor has had the time to expose and draw a newer picture."""
        age_s = time.monotonic() - frame.queued_at
        return not self._held and age_s > 3 * max(self._period_s, 0.03)

    async def _expose(self):
        """Expose a picture for one frame period, draw it and queue it."""
        self._clock.set_period(self._period_s)
        self._last_number = number = self._next_number()
        start = self._clock.start(number)
        end = self._clock.end(number)
        await asyncio.sleep(max(0, start - time.monotonic()))
        settings = self._previous if start < self._changed else self._settings
        frame = Frame(number & 0xFFFFFF, start, settings)
        width, height = frame_sizes.pixels(frame.settings["frame_size"])
        frame.data = await self._render(
            width=width,
            height=height,
            number=frame.number,
            at=time.time() - (time.monotonic() - start),
            pixel_format=self._config["pixel_format"],
            max_bytes=self._buffer_bytes(),
            settings=frame.settings,
        )
        await asyncio.sleep(max(0, end - time.monotonic()))
        if (
            len(frame.data) > self._allocated_bytes or self._lost >= self._config["fb_count"]
        ):  # FB-OVF
            return
        if self._latest:
            self._queue.clear()
        frame.queued_at = time.monotonic()
        self._queue.append(frame)
        self._ready.set()

    def _next_number(self):
        if not self._latest:
            return max(self._clock.number_at(time.monotonic()), self._last_number + 1)
        if self._held:
            return self._latest_mode.other(self._last_number)
        return self._latest_mode.next(self._last_number)

    # Calls from the firmware

    def frame_available(self, *_):
        self._check()
        if self._latest and self._queue and self._stale(self._queue[-1]):
            self._queue.clear()
        self._wanted.set()
        return int(bool(self._queue) and not self._faults.stalled)

    def free(self):
        if not self._config:
            return
        if self._held and self._latest:
            waited = self._latest_mode.free(self._last_number)
            if waited and self._queue:
                self._queue[-1].queued_at = time.monotonic()
        self._held = False
        self._wanted.set()

    def lose(self):
        """Lose a buffer permanently, because the driver has leaked it."""
        self._lost += 1
        del self._queue[self._config["fb_count"] - self._lost :]
        self.free()

    async def capture_copy(self, *_):
        """Capture a picture and free its buffer, for a driver that copies the data."""
        data = await self.capture()
        self.free()
        return data

    async def capture(self, *_):
        """Return the data of the next picture, or None after a failure or timeout."""
        self._check()
        self.free()
        kind = self._faults.next_fault()
        if kind == "none" or self._pins.level(PWDN):
            return None
        if kind == "stall":
            await asyncio.sleep(_TIMEOUT_S)
            return None
        frame = await self._next()
        if frame is None:
            return None
        self._held = True
        self._latest_mode.take(frame.number)
        self.captured += 1
        self.last = frame.number
        return self._faults.damage(kind, frame.data)

    async def _next(self):
        """Return the next queued picture, or None after the driver's timeout."""
        end = time.monotonic() + _TIMEOUT_S
        while not self.frame_available():
            self._ready.clear()
            try:
                await asyncio.wait_for(self._ready.wait(), end - time.monotonic())
            except asyncio.TimeoutError:
                return None
        frame = self._queue.pop(0)
        return frame

    def _check(self):
        if not self._config:
            raise os_error(2)

    def get(self, name):
        if not self._config:
            raise DeviceError("AttributeError", name)
        if name == "max_frame_size":
            return frame_sizes.UXGA
        if name == "sensor_name":
            return self.registers.name
        if name in ("pixel_width", "pixel_height"):
            return frame_sizes.pixels(self._settings["frame_size"])[name == "pixel_height"]
        value = self._settings[name] if name in self._settings else self._config[name]
        return bool(value) if name in _SWITCHES else value

    def set(self, name, value):
        """Change a setting from the next exposure on; raise ValueError if it is refused."""
        if not self._config:
            raise DeviceError("AttributeError", name)
        if name in _UNSUPPORTED or not self._on_bus():
            raise value_error("Invalid setting for " + name)
        if name in _SWITCHES:
            value = int(bool(value))
        else:
            low, high = self.registers.chip.ranges.get(name, _INTEGERS[name][:2])
            if not low <= value <= high:
                raise value_error("Invalid setting for " + name)
        if name in _BY_DSP and self.registers.wrong_bank():
            return
        self._previous = self._settings
        self._settings = {**self._settings, name: value}
        self._changed = time.monotonic()
        if name == "frame_size":
            self.registers.set_size()
            self._start()

    def _on_bus(self):
        """Return True if the driver's bus reaches the sensor and its pins are not rerouted."""
        routed = all(self._pins.route(pin) == signal for pin, signal in _ROUTES.items())
        return routed and not self._pins.level(PWDN) and not self._faults.absent
