"""Camera module micropython-camera-driver (module functions), on the runner's sensor.

It supports one camera and has no getters. It copies each picture into the heap. If the heap is
full, the driver's frame buffer is lost until `deinit`. Faults of a running sensor are silent:
setters return None on success and on failure. Without a picture, `capture` blocks the whole
interpreter for 4 s, including other threads, because the driver does not release the GIL.
"""

import esp
import idf
import world

PSRAM = 0
DRAM = 1
RGB565 = 0
YUV422 = 1
GRAYSCALE = 3
JPEG = 4
XCLK_10MHz = 10_000_000
XCLK_20MHz = 20_000_000

# index: number in this driver; value: number in the runner (the OV2640 has no larger sizes)
_SIZES = (0, 1, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15)
_NAMES = (
    "96X96 QQVGA QCIF HQVGA 240X240 QVGA CIF HVGA VGA SVGA XGA HD SXGA UXGA FHD P_HD P_3MP QXGA"
    " QHD WQXGA P_FHD QSXGA"
).split()
for _number, _name in enumerate(_NAMES):
    globals()["FRAME_" + _name] = _number
_CIF = 6
_CONSTANTS = {
    "EFFECT_": ("NONE", "NEG", "BW", "RED", "GREEN", "BLUE", "RETRO"),
    "WB_": ("NONE", "SUNNY", "CLOUDY", "OFFICE", "HOME"),
}
for _kind, _words in _CONSTANTS.items():
    for _number, _name in enumerate(_words):
        globals()[_kind + _name] = _number

_running = False


def init(
    id,
    *,
    format=JPEG,
    framesize=8,
    quality=12,
    d0=5,
    d1=18,
    d2=19,
    d3=21,
    d4=36,
    d5=39,
    d6=34,
    d7=35,
    vsync=25,
    href=23,
    pclk=22,
    pwdn=32,
    reset=-1,
    xclk=0,
    siod=26,
    sioc=27,
    xclk_freq=XCLK_10MHz,
    fb_size=1,
    fb_location=DRAM,
):
    """Start the driver; return True, or raise OSError, also when it is already running.

    A second call also stops the driver.
    """
    if format not in (RGB565, YUV422, GRAYSCALE, JPEG):
        raise ValueError("Image format is not valid")
    if not 0 <= framesize < len(_NAMES):
        raise ValueError("Image framesize is not valid")
    if xclk_freq not in (XCLK_10MHz, XCLK_20MHz):
        raise ValueError("xclk frequency is not valid")
    wired = (d0, d1, d2, d3, d4, d5, d6, d7, vsync, href, pclk, pwdn, xclk, siod, sioc)
    if deinit() or wired != _WIRED or not _has_memory(fb_location, framesize):
        raise OSError("Camera Init Failed")
    _start(format, framesize, quality, fb_size, xclk_freq)
    return True


_WIRED = (5, 18, 19, 21, 36, 39, 34, 35, 25, 23, 22, 32, 0, 26, 27)


def _has_memory(location, framesize):
    if location == PSRAM:
        return idf.PSRAM
    return framesize <= _CIF


def _start(format, framesize, quality, fb_size, xclk_hz):
    global _running
    config = {
        "pixel_format": format,
        "frame_size": _size(framesize),
        "jpeg_quality": _percent(quality),
        "fb_count": fb_size,
        "grab_mode": 0,
        "xclk_hz": xclk_hz,
    }
    try:
        world.call("camera.init", config)
    except OSError as exc:
        esp.print_error("camera", "Camera init failed: " + exc.args[-1])
        raise OSError("Camera Init Failed")
    _running = True


def deinit():
    global _running
    if not _running:
        return False
    _running = False
    world.call("camera.deinit")
    return True


def capture():
    """Return the next picture as bytes, or False if there is none."""
    if not _running:
        return False
    try:
        picture = world.read(world.FRAME_COPY)
    except MemoryError:
        world.call("camera.lose")
        raise
    except OSError:
        return False
    return False if picture is None else picture


def framesize(number):
    if _running and not 0 <= number < len(_NAMES):
        raise ValueError("Image framesize is not valid")
    return _set("frame_size", _size(number))


def quality(value):
    return _set("quality", _percent(value))


def contrast(value):
    return _set("contrast", value)


def saturation(value):
    return _set("saturation", value)


def brightness(value):
    return _set("brightness", value)


def speffect(value):
    return _set("special_effect", value)


def whitebalance(value):
    return _set("wb_mode", value)


def flip(value):
    return _set("vflip", value)


def mirror(value):
    return _set("hmirror", value)


def _set(name, value):
    if not isinstance(value, int):
        raise TypeError("can't convert %s to int" % type(value).__name__)
    if not _running:
        return False
    try:
        world.call("camera.set", name, int(value))
    except ValueError:  # the driver ignores the error of the sensor
        pass


def _size(number):
    return _SIZES[min(number, len(_SIZES) - 1)]


def _percent(quality):
    """Convert the quality (0 is best) to the runner's scale (100 is best)."""
    return (63 - quality) * 100 // 63
