"""Static part of the simulated camera's scene, drawn from simple shapes."""

import math

from PIL import Image, ImageDraw, ImageFilter

SIZE = (1600, 1200)


def cloud():
    """Return a cloud as an RGBA image."""
    cloud = Image.new("L", (520, 190), 0)
    draw = ImageDraw.Draw(cloud)
    for x, y, radius in ((110, 120, 55), (200, 85, 75), (300, 100, 70), (400, 125, 50)):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=235)
    draw.rounded_rectangle((60, 115, 450, 175), 30, fill=235)
    mask = cloud.filter(ImageFilter.GaussianBlur(7))
    return Image.merge("LA", (Image.new("L", cloud.size, 255), mask)).convert("RGBA")


def garden():
    """Return the static part of the scene at the sensor's full size."""
    width, height = SIZE
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
    """Draw the sun with a wide, soft glow."""
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
    """Draw flowers at fixed positions that look random."""
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
