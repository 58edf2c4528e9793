"""Camera module micropython-camera-API, on the runner's sensor.

`capture()` returns a memoryview of the driver's frame buffer, with signed items. It is valid until
the buffer is returned. Its bytes are then set to zero here, because a view cannot be made to
raise. The frame size at the start determines the size of the buffer.
"""

import array

import esp
import idf
import world

_AVAILABLE = world.FRAME_AVAILABLE
_CAPTURE = world.FRAME_CAPTURE
_quick = world.quick
_READ_ONLY = tuple(
    ("pixel_format grab_mode fb_count pixel_width pixel_height max_frame_size sensor_name").split()
)
_WRITABLE = tuple(
    (
        "frame_size contrast brightness saturation sharpness denoise gainceiling quality agc_gain"
        " aec_value special_effect wb_mode ae_level colorbar whitebal gain_ctrl exposure_ctrl"
        " hmirror vflip aec2 awb_gain dcw bpc wpc raw_gma lenc"
    ).split()
)
_NO_PICTURE = (
    "Failed to capture initial frame. Construct a new object with appropriate configuration."
)


class FrameSize:
    R96X96 = 0
    QQVGA = 1
    R128x128 = 2
    QCIF = 3
    HQVGA = 4
    R240X240 = 5
    QVGA = 6
    R320X320 = 7
    CIF = 8
    HVGA = 9
    VGA = 10
    SVGA = 11
    XGA = 12
    HD = 13
    SXGA = 14
    UXGA = 15
    FHD = 16
    P_HD = 17
    P_3MP = 18
    QXGA = 19
    QHD = 20
    WQXGA = 21
    P_FHD = 22
    QSXGA = 23


class PixelFormat:
    RGB565 = 0
    YUV422 = 1
    YUV420 = 2
    GRAYSCALE = 3
    JPEG = 4
    RGB888 = 5
    RAW = 6
    RGB444 = 7
    RGB555 = 8


class GrabMode:
    WHEN_EMPTY = 0
    LATEST = 1


class GainCeiling:
    pass


for _number in range(7):  # 2X to 128X are not valid identifiers
    setattr(GainCeiling, "%dX" % (2 << _number), _number)


class Camera:
    """Camera; a new object stops the previous one."""

    _only = None
    _zeros = open("/dev/zero", "rb", 0)

    def __init__(
        self,
        *,
        data_pins=None,
        pclk_pin=22,
        vsync_pin=25,
        href_pin=23,
        sda_pin=26,
        scl_pin=27,
        xclk_pin=0,
        i2c=None,
        xclk_freq=20,
        powerdown_pin=32,
        reset_pin=-1,
        pixel_format=PixelFormat.RGB565,
        frame_size=FrameSize.QQVGA,
        jpeg_quality=85,
        fb_count=1,
        grab_mode=GrabMode.WHEN_EMPTY,
        init=True,
    ):
        if Camera._only:
            Camera._only.deinit()
        if not isinstance(data_pins, (list, bytearray, type(None))):
            raise TypeError("data_pins must be a list or bytearray")
        if data_pins and len(data_pins) != 8:
            raise ValueError("data_pins must have 8 elements")
        if xclk_freq < 1_000:
            xclk_freq *= 1_000_000
        if xclk_freq > 40_000_000:
            raise ValueError("xclk frequency out of range")
        if not 0 <= jpeg_quality <= 100:
            raise ValueError("jpeg_quality must be between 0 and 100")
        self._config = {
            "pixel_format": pixel_format,
            "frame_size": frame_size,
            "jpeg_quality": jpeg_quality,
            "fb_count": min(2, max(1, fb_count)),
            "grab_mode": grab_mode,
            "xclk_hz": xclk_freq,
        }
        self._running = False
        self._buffer = None
        self._view = None
        self._size = 0
        self._view_size = 0
        Camera._only = self
        if init:
            self.init()

    def init(self):
        """Start the sensor and capture one picture as a check; raise OSError on failure."""
        if self._running:
            return
        try:
            if not idf.PSRAM:  # from the source of esp32-camera; not measured
                raise OSError(1, "ESP_FAIL")
            size = world.call("camera.init", self._config)
        except OSError as exc:
            esp.print_error("camera", "Camera init failed: " + exc.args[-1])
            raise
        self._make_buffer(size)
        self._running = True
        try:
            if self.capture() is None:
                raise OSError(_NO_PICTURE)
        except OSError:
            self.deinit()
            raise

    def deinit(self):
        if self._running:
            self._invalidate()
            self._running = False
            world.call("camera.deinit")
        self._buffer = self._view = None

    def capture(self):
        """Return a view of the next picture, or None; invalidates the previous view."""
        self._check()
        self._invalidate()
        length = world.fill(_CAPTURE, self)
        if length is None:
            return None
        self._view_size = length
        return self._view[:length]

    def frame_available(self):
        self._check()
        return _quick(_AVAILABLE) == 1

    def free_buffer(self):
        self._check()
        self._invalidate()
        world.call("camera.free")

    def reconfigure(self, *, frame_size=None, pixel_format=None, grab_mode=None, fb_count=None):
        """Restart the sensor with other settings."""
        self._check()
        self.deinit()
        given = {
            "frame_size": frame_size,
            "pixel_format": pixel_format,
            "grab_mode": grab_mode,
            "fb_count": fb_count,
        }
        for name, value in given.items():
            if value is not None:
                self._config[name] = value
        self.init()

    def buffer_for(self, length):
        """Return the buffer for a picture of `length` bytes, or None (called by the link)."""
        if length > len(self._buffer):  # only from a faulty sensor; on the chip it is in PSRAM
            try:
                self._resize(length)
            except MemoryError:
                self._resize(self._size)
                return None
        return self._buffer

    def _make_buffer(self, size):
        self._size = size
        if self._buffer is None or len(self._buffer) != size:
            self._resize(size)

    def _resize(self, size):
        self._buffer = self._view = None
        self._buffer = array.array("b", bytes(size))
        self._view = memoryview(self._buffer)

    def _invalidate(self):
        """Clear the picture, so that an old view does not show it."""
        if self._view_size:
            self._zeros.readinto(self._buffer, self._view_size)
            self._view_size = 0
            self._make_buffer(self._size)

    def _check(self):
        if not self._running:
            raise OSError(2)

    def __getattr__(self, name):
        """Return a property, or its get_x() or set_x() function."""
        verb, own = name[:4], name[4:]
        if verb == "get_" and own in _READ_ONLY + _WRITABLE:
            return lambda: getattr(self, own)
        if verb == "set_" and own in _WRITABLE:
            return lambda value: setattr(self, own, value)
        if name not in _READ_ONLY + _WRITABLE or not self._running:
            raise AttributeError(name)
        return world.call("camera.get", name)

    def __setattr__(self, name, value):
        if name in _READ_ONLY:
            raise ValueError("read-only property")
        if name not in _WRITABLE:
            super().__setattr__(name, value)
            return
        if not self._running:
            raise AttributeError(name)
        world.call("camera.set", name, int(value))
        if name == "frame_size":
            self._invalidate()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.deinit()
