"""Draw what happens in the simulated scene: see `happenings`."""

import math
import random

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter


def drawn(image, at, number, since, movers=(), cloud=None, night=0, rain=0, lamp=0):
    """Return the image with what has happened since `since`, in seconds since 1970."""
    for mover in movers:
        _draw_mover(image, at - since, **mover)
    if cloud:
        image = _shaded(image, (at - since) / cloud["seconds"], cloud["darkness"])
    if night:
        image = _at_night(image, night, lamp)
    return _rained(image, rain, number) if rain else image


def _draw_mover(image, seconds, size, speed, brightness, top, start):
    """Draw a walking person of `size` picture heights, who crosses the picture again and again.

    speed: picture widths per second, negative to the left; top, start: where the person begins, in
    pictures. Without `start`, that is beyond the edge.
    """
    width, height = image.size
    tall, wide = size * height, size * height * 0.4
    span = 1 + wide / width
    begin = start + wide / width if start is not None else 0 if speed >= 0 else span
    left = ((begin + speed * seconds) % span) * width - wide
    y = top * height + 0.02 * tall * math.sin(seconds * 7)
    draw = ImageDraw.Draw(image)
    dark = round(brightness * 0.6)
    stride = 0.25 * wide * math.sin(seconds * 5)
    for foot in (-stride, stride):
        draw.line(
            (left + wide / 2, y + 0.5 * tall, left + wide / 2 + foot, y + tall),
            (dark, dark, dark), max(1, round(0.3 * wide)),
        )  # fmt: skip
    body = (round(brightness), round(brightness * 0.9), round(brightness * 0.8))
    box = (left + 0.15 * wide, y + 0.2 * tall, left + 0.85 * wide, y + 0.65 * tall)
    draw.rounded_rectangle(box, max(1, wide / 5), body)
    head = min(255, round(brightness * 1.3 + 10))
    box = (left + 0.3 * wide, y, left + 0.7 * wide, y + 0.22 * tall)
    draw.ellipse(box, (head, round(head * 0.85), round(head * 0.75)))


def _shaded(image, part, darkness):
    """Return the image under the shadow of a cloud, which comes from the left.

    part: of the time that it takes; its edges are soft, as wide as the picture.
    """
    levels = [255 * (1 - darkness * _shadow(4 * part - x / 31)) for x in range(32)]
    light = Image.frombytes("L", (32, 1), bytes(map(round, levels)))
    light = light.resize(image.size, Image.Resampling.BILINEAR)
    return ImageChops.multiply(image, Image.merge("RGB", [light] * 3))


def _shadow(way):
    """Return how much of a shadow there is at a place, in which it has gone so far."""
    coming, going = [max(0, min(1, each)) for each in (way, way - 2)]
    return coming * coming * (3 - 2 * coming) - going * going * (3 - 2 * going)


def _at_night(image, night, lamp):
    """Return the image in the dark; the lamp lights what is near, in the middle and below."""
    dark = ImageEnhance.Brightness(image).enhance(1 - night)
    if not lamp:
        return dark
    spot = Image.new("L", (32, 24))
    ImageDraw.Draw(spot).ellipse((4, 4, 28, 30), 255)
    spot = spot.filter(ImageFilter.GaussianBlur(5)).resize(image.size, Image.Resampling.BILINEAR)
    return Image.composite(ImageEnhance.Brightness(image).enhance(0.9), dark, spot)


def _rained(image, rain, number):
    """Return the image with streaks at random places; `rain` 1 is a downpour."""
    width, height = image.size
    streaks = Image.new("L", image.size)
    draw = ImageDraw.Draw(streaks)
    rng = random.Random(number)
    for _ in range(round(250 * rain)):
        x, y = rng.uniform(0, width), rng.uniform(-0.1, 1) * height
        long = rng.uniform(0.03, 0.1) * height
        grey = rng.randrange(40, 130)
        draw.line((x, y, x - long / 8, y + long), grey, max(1, width // 400))
    return Image.composite(Image.new("RGB", image.size, "#dfe6ec"), image, streaks)
