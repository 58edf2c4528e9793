"""Draws what the simulated camera sees: a garden in the sun, with a clock and the frame's number.

The number stands along the bottom edge as 24 black or white squares, untouched by the sensor's
settings, so that a program can tell which picture it got (see `scene_reader`).
"""

import io
import math
import time

import marks
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

_BASE = (1600, 1200)
_TINTS = {3: (1.25, 0.75, 0.75), 4: (0.75, 1.25, 0.75), 5: (0.75, 0.75, 1.3)}
_BARS = ("white", "yellow", "cyan", "lime", "magenta", "red", "blue", "black")
_JPEG, _RGB565, _GRAYSCALE = 4, 0, 3


class Scene:
    """Pictures of one moment each; backgrounds and fonts are kept by size."""

    def __init__(self):
        self._base = _garden()
        self._cloud = _cloud()
        self._grounds = {}
        self._fonts = {}

    def picture(self, width, height, number, at, settings, pixel_format=_JPEG, room=0):
        """The bytes of one picture: JPEG that fits into `room` bytes, or raw pixels.

        `at` is seconds since 1970; `settings` are the sensor's, by the driver's names.
        """
        image = self._draw(width, height, number, at)
        image = _processed(image, settings)
        if settings.get("colorbar"):
            _draw_bars(image)
        marks.draw(image, number)
        if pixel_format == _JPEG:
            return _jpeg(image, settings.get("quality", 85), room)
        if pixel_format == _GRAYSCALE:
            return image.convert("L").tobytes()
        return _rgb565(image) if pixel_format == _RGB565 else image.tobytes()

    def _draw(self, width, height, number, at):
        image = self._ground(width, height).copy()
        scale = width / _BASE[0]
        for speed, offset, top, size in ((14, 0, 0.07, 1.0), (9, 0.55, 0.17, 0.7)):
            cloud = self._scaled_cloud(round(self._cloud.width * size * scale))
            span = width + cloud.width
            left = (offset * span + at * speed * scale) % span - cloud.width
            image.paste(cloud, (round(left), round(height * top)), cloud)
        draw = ImageDraw.Draw(image)
        _draw_bird(draw, width, height, at)
        text = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
        text += f".{int(at * 10) % 10}  #{number}"
        font = self._font(max(9, height // 26))
        place = (width * 0.02, height * 0.02)
        draw.text(
            place, text, "white", font, stroke_width=max(1, height // 300), stroke_fill="#123"
        )
        return image

    def _ground(self, width, height):
        if (width, height) not in self._grounds:
            self._grounds[width, height] = ImageOps.fit(self._base, (width, height))
        return self._grounds[width, height]

    def _scaled_cloud(self, width):
        key = ("cloud", width)
        if key not in self._grounds:
            height = max(1, round(width * self._cloud.height / self._cloud.width))
            self._grounds[key] = self._cloud.resize((max(1, width), height))
        return self._grounds[key]

    def _font(self, size):
        if size not in self._fonts:
            self._fonts[size] = ImageFont.load_default(size)
        return self._fonts[size]


def _processed(image, settings):
    """The picture after the sensor's own processing."""
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
    """1 negative, 2 grey, 3 red, 4 green, 5 blue, 6 sepia."""
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
    """The sensor's test pattern over the lower third, as an OV2640 overlays it."""
    draw = ImageDraw.Draw(image)
    width, height = image.size
    for count, colour in enumerate(_BARS):
        left = count * width // len(_BARS)
        draw.rectangle((left, height * 2 // 3, left + width // len(_BARS), height), colour)


def _jpeg(image, quality, room):
    """Encode; a picture that overflows the buffer is made coarser, as a good setting would be."""
    level = 12 + quality * 0.83
    while True:
        out = io.BytesIO()
        image.save(out, "JPEG", quality=round(level))
        if not room or out.tell() <= room or level <= 10:
            return out.getvalue()
        level *= 0.75


def _rgb565(image):
    """Two bytes a pixel, high byte first as the driver gives them."""
    out = bytearray()
    for red, green, blue in zip(*(channel.tobytes() for channel in image.split())):
        value = (red >> 3) << 11 | (green >> 2) << 5 | blue >> 3
        out += value.to_bytes(2, "big")
    return bytes(out)


def _draw_bird(draw, width, height, at):
    """A bird that crosses the sky: the one thing that moves in every picture."""
    x = (at * 0.06 % 1.2 - 0.1) * width
    y = (0.24 + 0.03 * math.sin(at * 1.3)) * height
    span = width * 0.02
    flap = math.sin(at * 9) * span * 0.6
    line = [(x - span, y - flap), (x, y), (x + span, y - flap)]
    draw.line(line, "#243447", max(1, width // 320), joint="curve")


def _cloud():
    cloud = Image.new("L", (520, 190), 0)
    draw = ImageDraw.Draw(cloud)
    for x, y, radius in ((110, 120, 55), (200, 85, 75), (300, 100, 70), (400, 125, 50)):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=235)
    draw.rounded_rectangle((60, 115, 450, 175), 30, fill=235)
    mask = cloud.filter(ImageFilter.GaussianBlur(7))
    return Image.merge("LA", (Image.new("L", cloud.size, 255), mask)).convert("RGBA")


def _garden():
    """The still part of the scene at the sensor's full size."""
    width, height = _BASE
    horizon = 640
    image = _gradient((width, height), (92, 160, 226), (214, 235, 248), horizon)
    _shine(image, 1330, 210)
    draw = ImageDraw.Draw(image)
    _draw_land(draw, width, height, horizon)
    _draw_house(draw, 330, 700)
    for x, y, size in ((1180, 760, 1.0), (1420, 720, 0.7), (150, 730, 0.75)):
        _draw_tree(draw, x, y, size)
    _draw_fence(draw, width, 790)
    _draw_flowers(draw, width, height)
    image = image.filter(ImageFilter.GaussianBlur(0.8))
    noise = Image.effect_noise((width, height), 26).convert("RGB")
    return Image.blend(image, noise, 0.06)


def _gradient(size, top, bottom, horizon):
    strip = Image.new("RGB", (1, size[1]))
    for y in range(size[1]):
        part = min(1, y / horizon)
        strip.putpixel((0, y), tuple(round(a + (b - a) * part) for a, b in zip(top, bottom)))
    return strip.resize(size)


def _shine(image, x, y):
    """The sun, with a wide soft glow round it."""
    for radius, blur, strength, colour in ((190, 90, 150, "#fff3c4"), (66, 3, 255, "#ffe58a")):
        mask = Image.new("L", image.size)
        box = (x - radius, y - radius, x + radius, y + radius)
        ImageDraw.Draw(mask).ellipse(box, fill=strength)
        image.paste(colour, (0, 0), mask.filter(ImageFilter.GaussianBlur(blur)))


def _draw_land(draw, width, height, horizon):
    for base, swing, wave, phase, colour in (
        (horizon - 60, 60, 260, 0.4, "#8fb3a5"),
        (horizon + 10, 40, 330, 2.0, "#6fa06b"),
        (horizon + 90, 18, 420, 3.6, "#5c9c4c"),
    ):
        ridge = [(x, base + swing * math.sin(x / wave + phase)) for x in range(0, width + 20, 20)]
        draw.polygon([*ridge, (width, height), (0, height)], fill=colour)
    path = [
        (470, 850),
        (540, 850),
        (600, 930),
        (800, 1040),
        (1060, 1200),
        (560, 1200),
        (530, 1000),
    ]
    draw.polygon(path, fill="#d9c39a")
    for step in range(7):
        y = 880 + step * 45
        x = 520 + step * step * 5.5
        draw.ellipse((x, y, x + 60 + step * 16, y + 14 + step * 4), fill="#c2aa7e")


def _draw_house(draw, x, y):
    draw.rectangle((x - 130, y - 130, x + 250, y + 150), fill="#f3e6cf")
    draw.polygon(((x - 175, y - 125), (x + 60, y - 290), (x + 295, y - 125)), fill="#a8462f")
    draw.rectangle((x + 150, y - 290, x + 195, y - 190), fill="#8b5a44")
    draw.rectangle((x + 140, y + 10, x + 210, y + 150), fill="#2f5d62")
    draw.ellipse((x + 192, y + 78, x + 202, y + 88), fill="#f4d35e")
    for left in (x - 90, x + 20):
        draw.rectangle((left - 8, y - 68, left + 78, y + 38), fill="white")
        draw.rectangle((left, y - 60, left + 70, y + 30), fill="#7fb7d6")
        draw.line((left + 35, y - 60, left + 35, y + 30), "white", 6)
        draw.line((left, y - 15, left + 70, y - 15), "white", 6)
    draw.rectangle((x - 130, y + 140, x + 250, y + 152), fill="#b8a78a")


def _draw_tree(draw, x, y, size):
    draw.polygon(
        [(x - 16 * size, y + 130 * size), (x + 16 * size, y + 130 * size), (x, y - 120 * size)],
        fill="#6b4a32",
    )
    for dx, dy, radius, colour in (
        (-70, -60, 80, "#3d7a3f"), (70, -50, 85, "#3d7a3f"), (0, -120, 95, "#478a45"),
        (-30, -40, 75, "#4f9a4b"), (40, -90, 60, "#5cab54"),
    ):  # fmt: skip
        box = [(x + (dx - radius) * size, y + (dy - radius) * size)]
        draw.ellipse([*box, (x + (dx + radius) * size, y + (dy + radius) * size)], fill=colour)


def _draw_fence(draw, width, y):
    for left in range(720, width, 62):
        draw.polygon(
            [
                (left, y + 130),
                (left, y + 22),
                (left + 15, y),
                (left + 30, y + 22),
                (left + 30, y + 130),
            ],
            fill="#faf6ee",
        )
    for rail in (y + 45, y + 95):
        draw.rectangle((700, rail, width, rail + 13), fill="#efe8da")


def _draw_flowers(draw, width, height):
    """Flowers in the grass, at places that look random and are always the same."""
    for count in range(120):
        x = (count * 397) % width
        y = 940 + (count * 229) % (height - 1000)
        if 480 < x < 1080:
            continue
        radius = 5 + (y - 930) / 45
        colour = ("#e4572e", "#f3d34a", "#c86bd8", "#ffffff")[count % 4]
        draw.line((x, y, x, y + 4 * radius), "#3c7a35", 4)
        for angle in range(0, 360, 72):
            dx, dy = radius * math.cos(math.radians(angle)), radius * math.sin(math.radians(angle))
            draw.ellipse(
                (
                    x + dx - radius * 0.7,
                    y + dy - radius * 0.7,
                    x + dx + radius * 0.7,
                    y + dy + radius * 0.7,
                ),
                fill=colour,
            )
        draw.ellipse(
            (x - radius * 0.5, y - radius * 0.5, x + radius * 0.5, y + radius * 0.5), "#7a4b12"
        )
