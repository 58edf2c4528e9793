"""Sequences of pictures for the motion detector: persons who walk, and what only looks like it.

Each is drawn by the simulated camera's scene, seen by a sensor with noise and automatic exposure,
and compressed. A seed and a number always give the same pictures.
"""

import io
import math
import random
from typing import NamedTuple

from PIL import Image, ImageChops, ImageStat
from scene import Scene, processed

FRAMES, QUIET = 30, 10  # pictures of a sequence, and how many of them before anything happens
PERIOD_S = 0.5
STILL = ("noise", "cloud", "lamp", "exposure", "rain", "parameters")
SIZES = {"near": 0.6, "middle": 0.3, "far": 0.15}  # height of a person, in pictures
_MARGIN = 1.25  # the camera looks at a part of the scene, another one in each sequence
_NOISE = 1_400  # side of the noise that all pictures take theirs from
_PARAMETERS = (  # changes of camera parameters, which take effect from one picture to the next
    {"brightness": 1}, {"brightness": -2}, {"contrast": 2}, {"contrast": -1}, {"saturation": 2},
    {"ae_level": 2}, {"ae_level": -1}, {"special_effect": 1}, {"special_effect": 2},
    {"special_effect": 6}, {"hmirror": 1}, {"vflip": 1}, {"colorbar": 1},
)  # fmt: skip


class Sequence(NamedTuple):
    """What happens in a sequence. `kind` is one of STILL or SIZES; the others have defaults."""

    number: int
    kind: str
    size: tuple
    at: float  # of the first picture, in seconds since 1970
    happenings: dict
    noise: float  # standard deviation
    gains: tuple  # of the pictures: sudden changes of the exposure
    settings: dict  # of the sensor, after the quiet pictures
    place: tuple  # of the part of the scene, 0..1
    quality: int

    @property
    def moves(self):
        """Return True if a person walks through it."""
        return self.kind in SIZES


def planned(seed, number):
    """Return sequence `number`: every other one has a person."""
    rng = random.Random(f"{seed} {number}")
    kinds = list(SIZES) if number % 2 else STILL
    kind = kinds[number // 2 % len(kinds)]
    at = rng.uniform(0, 1e6)
    happenings = {"since": at + QUIET * PERIOD_S}
    gains, settings, noise = [1.0] * FRAMES, {}, rng.uniform(3, 10)
    if kind in SIZES:
        happenings["movers"] = [_mover(rng, SIZES[kind] * rng.uniform(0.8, 1.25))]
    elif kind == "cloud":
        darkness, seconds = rng.uniform(0.2, 0.7), rng.uniform(6, 20)
        happenings["cloud"] = {"darkness": darkness, "seconds": seconds}
    elif kind == "lamp":
        happenings["night"] = rng.uniform(0.5, 0.85)
        noise = rng.uniform(6, 14)
    elif kind == "exposure":
        for n in range(rng.randrange(QUIET, QUIET + 4), FRAMES):
            gains[n] = gains[n - 1] if rng.random() < 0.6 else rng.uniform(0.5, 1.6)
    elif kind == "rain":
        happenings["rain"] = rng.uniform(0.2, 1)
    elif kind == "parameters":
        settings = rng.choice(_PARAMETERS)
    if kind in SIZES and rng.random() < 0.25:
        happenings["rain"] = rng.uniform(0.1, 0.6)
    size = (640, 480) if number % 10 < 3 else (320, 240)
    place = rng.random(), rng.random()
    return Sequence(
        number, kind, size, at, happenings, noise, tuple(gains), settings, place,
        rng.randrange(50, 95),
    )  # fmt: skip


def _mover(rng, size):
    """Return a person who comes in from one side; fast or slow, dark or bright."""
    speed = rng.choice((0.04, 0.08, 0.15)) * rng.choice((-1, 1)) * rng.uniform(0.8, 1.25)
    brightness = rng.choice((15, 60, 110, 170, 230))
    start = 0.1 if speed > 0 else 0.9
    top = rng.uniform(0.3, max(0.31, 0.95 - size))
    return dict(size=size, speed=speed, brightness=brightness, top=top, start=start)


class Film:
    """Makes the pictures of sequences."""

    def __init__(self, seed):
        self._scene = Scene()
        rng = random.Random(seed)
        layers = [Image.frombytes("L", (_NOISE,) * 2, rng.randbytes(_NOISE**2)) for _ in range(4)]
        pairs = [Image.blend(layers[n], layers[n + 1], 0.5) for n in (0, 2)]
        self._noise = Image.blend(*pairs, 0.5)  # nearly normal, with a deviation of 37

    def pictures(self, sequence):
        """Yield the JPEGs of a sequence."""
        rng = random.Random(f"{sequence.number} {sequence.at}")
        scale = sequence.noise / 37
        noise = self._noise.point([round(128 + (n - 127.5) * scale) for n in range(256)])
        gain, target = 1.0, None
        for n in range(FRAMES):
            image = self._seen(sequence, n)
            level = max(1, ImageStat.Stat(image.convert("L").reduce(8)).mean[0])
            target = target or level
            # the automatic exposure follows the light in steps of 1/16, slowly
            wanted = min(4, max(0.25, target / level))
            gain *= 2 ** (round(16 * math.log2(wanted / gain) * 0.4) / 16)
            yield _encoded(_exposed(image, gain * sequence.gains[n], noise, rng), sequence)

    def _seen(self, sequence, n):
        """Return what the lens shows to the sensor."""
        (width, height), at = sequence.size, sequence.at + n * PERIOD_S
        happens, early = dict(sequence.happenings), n < QUIET
        if early:
            happens = {"since": at, "night": happens.get("night", 0)}
        happens["lamp"] = int(sequence.kind == "lamp" and QUIET <= n < QUIET + 7)
        whole = round(width * _MARGIN), round(height * _MARGIN)
        left, top = [
            round(part * (a - b)) for part, a, b in zip(sequence.place, whole, sequence.size)
        ]
        image = self._scene.draw(*whole, 1_000 * sequence.number + n, at, happens)
        image = image.crop((left, top, left + width, top + height))
        return processed(image, {} if early else sequence.settings)


def _exposed(image, gain, noise, rng):
    """Return the picture with a gain, and with the noise of one exposure."""
    table = [min(255, round(level * gain)) for level in range(256)]
    left, top = [rng.randrange(_NOISE - side) for side in image.size]
    grain = noise.crop((left, top, left + image.width, top + image.height))
    return ImageChops.add(image.point(table * 3), Image.merge("RGB", [grain] * 3), 1, -128)


def _encoded(image, sequence):
    out = io.BytesIO()
    image.save(out, "JPEG", quality=sequence.quality, subsampling=1 + sequence.number % 2)
    return out.getvalue()
