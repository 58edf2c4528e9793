"""Draw the scene of the simulated camera: a garden, with a clock and the frame number.

The frame number is also encoded as 24 black or white squares along the bottom edge. The sensor's
settings do not affect them, so a program can identify the picture (see `scene_reader`).
"""

import contextlib
import io
import math
import os
import time
import zlib
from pathlib import Path

import draw_happenings
import garden
import marks
from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

_CACHE = Path(__file__).resolve().parents[2] / "build"
_TINTS = {3: (1.25, 0.75, 0.75), 4: (0.75, 1.25, 0.75), 5: (0.75, 0.75, 1.3)}
_BARS = ("white", "yellow", "cyan", "lime", "magenta", "red", "blue", "black")
_JPEG, _RGB565, _GRAYSCALE = 4, 0, 3


class Scene:
    """Draws pictures; caches backgrounds and fonts by size."""

    def __init__(self):
        self._base = _cached_garden()
        self._cloud = garden.cloud()
        self._backgrounds = {}
        self._fonts = {}

    def picture(
        self, width, height, number, at, settings,
        pixel_format=_JPEG, max_bytes=0, happenings=None,
    ):  # fmt: skip
        """Return one picture: a JPEG of at most `max_bytes` (0: no limit), or raw pixels.

        `at` is in seconds since 1970; `settings` are the sensor's, by the driver's names;
        `happenings` are arguments of `draw_happenings.drawn`.
        """
        image = processed(self.draw(width, height, number, at, happenings), settings)
        if settings.get("colorbar"):
            _draw_bars(image)
        marks.draw(image, number)
        if pixel_format == _JPEG:
            return _jpeg(image, settings.get("quality", 85), max_bytes)
        if pixel_format == _GRAYSCALE:
            return image.convert("L").tobytes()
        return _rgb565(image) if pixel_format == _RGB565 else image.tobytes()

    def draw(self, width, height, number, at, happenings=None):
        """Return the scene as the sensor sees it, with the clock."""
        image = self._background(width, height).copy()
        scale = width / garden.SIZE[0]
        for speed, offset, top, size in ((14, 0, 0.07, 1.0), (9, 0.55, 0.17, 0.7)):
            cloud = self._scaled_cloud(round(self._cloud.width * size * scale))
            span = width + cloud.width
            left = (offset * span + at * speed * scale) % span - cloud.width
            image.paste(cloud, (round(left), round(height * top)), cloud)
        draw = ImageDraw.Draw(image)
        _draw_bird(draw, width, height, at)
        if happenings:
            image = draw_happenings.drawn(image, at, number, **happenings)
            draw = ImageDraw.Draw(image)
        text = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
        text += f".{int(at * 10) % 10}  #{number}"
        font = self._font(max(9, height // 26))
        place = (width * 0.02, height * 0.02)
        draw.text(
            place, text, "white", font, stroke_width=max(1, height // 300), stroke_fill="#123"
        )
        return image

    def _background(self, width, height):
        if (width, height) not in self._backgrounds:
            self._backgrounds[width, height] = ImageOps.fit(self._base, (width, height))
        return self._backgrounds[width, height]

    def _scaled_cloud(self, width):
        key = ("cloud", width)
        if key not in self._backgrounds:
            height = max(1, round(width * self._cloud.height / self._cloud.width))
            self._backgrounds[key] = self._cloud.resize((max(1, width), height))
        return self._backgrounds[key]

    def _font(self, size):
        if size not in self._fonts:
            self._fonts[size] = ImageFont.load_default(size)
        return self._fonts[size]


def _cached_garden():
    """Return the garden, cached in a file because drawing it takes 0.2 s."""
    source = Path(garden.__file__).read_bytes()
    cached = _CACHE / f"garden-{zlib.crc32(source):08x}.ppm"
    with contextlib.suppress(OSError):
        return Image.open(cached).copy()
    image = garden.garden()
    with contextlib.suppress(OSError):
        cached.parent.mkdir(parents=True, exist_ok=True)
        part = cached.with_suffix(f".{os.getpid()}.part")
        image.save(part, "PPM")
        part.replace(cached)  # atomic: another runner may read it now
    return image


def processed(image, settings):
    """Apply the sensor's image processing."""
    if settings.get("hmirror"):
        image = ImageOps.mirror(image)
    if settings.get("vflip"):
        image = ImageOps.flip(image)
    light = settings.get("brightness", 0) + settings.get("ae_level", 0) * 0.5
    for value, enhancer, step in (
        (light, ImageEnhance.Brightness, 0.2),
        (settings.get("contrast", 0), ImageEnhance.Contrast, 0.2),
        (settings.get("saturation", 0), ImageEnhance.Color, 0.4),
    ):
        if value:
            image = enhancer(image).enhance(1 + value * step)
    return _special(image, settings.get("special_effect", 0))


def _special(image, effect):
    """Apply a special effect: 1 negative, 2 grey, 3 red, 4 green, 5 blue, 6 sepia."""
    if effect == 1:
        return ImageOps.invert(image)
    if effect == 2:
        return ImageOps.grayscale(image).convert("RGB")
    if effect == 6:
        return ImageOps.colorize(ImageOps.grayscale(image), "#2b1a08", "#ffeec8")
    if effect in _TINTS:
        table = [min(255, round(level * gain)) for gain in _TINTS[effect] for level in range(256)]
        return image.point(table)
    return image


def _draw_bars(image):
    """Draw the test pattern over the lower third, like the OV2640."""
    draw = ImageDraw.Draw(image)
    width, height = image.size
    for count, colour in enumerate(_BARS):
        left = count * width // len(_BARS)
        draw.rectangle((left, height * 2 // 3, left + width // len(_BARS), height), colour)


def _jpeg(image, quality, max_bytes):
    """Encode as JPEG; reduce the quality until it fits into `max_bytes`."""
    level = 12 + quality * 0.83
    while True:
        out = io.BytesIO()
        image.save(out, "JPEG", quality=round(level))
        if not max_bytes or out.tell() <= max_bytes or level <= 10:
            return out.getvalue()
        level *= 0.75


def _rgb565(image):
    """Convert to two bytes per pixel, high byte first, like the driver."""
    out = bytearray()
    for red, green, blue in zip(*(channel.tobytes() for channel in image.split())):
        value = (red >> 3) << 11 | (green >> 2) << 5 | blue >> 3
        out += value.to_bytes(2, "big")
    return bytes(out)


def _draw_bird(draw, width, height, at):
    """Draw a bird that crosses the sky, so that every picture shows motion."""
    x = (at * 0.06 % 1.2 - 0.1) * width
    y = (0.24 + 0.03 * math.sin(at * 1.3)) * height
    span = width * 0.02
    flap = math.sin(at * 9) * span * 0.6
    line = [(x - span, y - flap), (x, y), (x + span, y - flap)]
    draw.line(line, "#243447", max(1, width // 320), joint="curve")
