"""Motion: cells of a picture that change otherwise than its light does.

A cell is the mean brightness of 1/16 x 1/12 of the picture, from `proto.jpegdc`.
"""

import asyncio
from array import array

import micropython
from micropython import const

from app.motion.light import Light

_CELLS = const(192)  # 12 rows of 16
_LEARN_FRAMES = const(3)  # pictures whose motion is not reported, after the first one
_MOST_STEPS = const(96)  # cells that change at once: it was the light, or the camera
_ONE = const(64)  # brightness 1 in the background and the noise
_MOST_NOISE = const(12)  # of a picture, as a brightness


async def decode_in_steps(grid, view, gives_up=lambda: False):
    """Decode a picture into `grid`, a `DCGrid`, and yield to other tasks between steps.

    The picture must stay leased meanwhile. Returns False if it is not complete, because
    `gives_up()` has become True. Raises ValueError like `DCGrid.decode`.
    """
    try:
        grid.start(view)
        while not grid.step():
            await asyncio.sleep_ms(0)
            if gives_up():
                return False
        return True
    finally:
        grid.release()


class Detector:
    """Compares each grid of cells with the one before and with a slowly adapting background.

    What the light explains is removed first. A cell has changed if it differs from both by more
    than a threshold, which rises with the cell's usual changes and with those of the light. The
    settings `motionlevel`, `motionarea`, `motionframes` and `motionmask` are read for each grid.

    `changed` has a 1 for each changed cell, `count` is their number, and `score` 0..100 compares
    it with `motionarea`: from 50 on, it is motion. A changed cell that touches no other one counts
    only if `motionarea` is 1.
    """

    def __init__(self, settings):
        self._settings = settings
        self.changed = bytearray(_CELLS)
        self.count = self.score = 0
        self._mask = bytearray(_CELLS)
        self._mask_text = ""
        self._before = bytearray(_CELLS)
        self._background = array("H", bytes(2 * _CELLS))
        self._noise = array("H", bytes(2 * _CELLS))
        self._light = Light()
        self._frames = 0  # in a row with motion
        self.relearn()

    def relearn(self):
        """Forget the background: the camera, its parameters or its view have changed."""
        self._learning = _LEARN_FRAMES + 1

    def compare(self, cells):
        """Compare a grid with those before; return True while there is motion."""
        self._read_mask(self._settings["motionmask"])
        if self._learning > _LEARN_FRAMES:
            self._start_again(cells)
        relit = self._light.follow(cells, self._before, self._background, self._mask)
        level, area = 100 - self._settings["motionlevel"], self._settings["motionarea"]
        found = _mark(
            self.changed, cells, self._before, self._background, self._noise, self._mask,
            relit, 2 + level * level // 400,
        )  # fmt: skip
        self.count = (found & 0xFF) - (_drop_lone(self.changed) if area > 1 else 0)
        _learn(cells, self._before, self._background, self._noise)
        if found >> 8 > _MOST_STEPS:
            self.relearn()
            self._start_again(cells)
        self.score = min(100, 50 * self.count // area)
        if self._learning:
            self._learning -= 1
            self.score = 0
        self._frames = self._frames + 1 if self.score >= 50 else 0
        return self._frames >= self._settings["motionframes"]

    def _read_mask(self, text):
        if text != self._mask_text:
            bits = int(text or "0", 16)
            for n in range(_CELLS):
                self._mask[n] = bits >> (_CELLS - 1 - n) & 1
            self._mask_text = text

    def _start_again(self, cells):
        """Take a picture as the background."""
        for n in range(_CELLS):
            self._before[n] = cells[n]
            self._background[n] = cells[n] * _ONE
            self._noise[n] = _ONE


@micropython.viper
def _mark(
    changed: ptr8,  # noqa: F821
    cells: ptr8,  # noqa: F821
    before: ptr8,  # noqa: F821
    background: ptr16,  # noqa: F821
    noise: ptr16,  # noqa: F821
    mask: ptr8,  # noqa: F821
    relit: int,
    threshold: int,
) -> int:
    """Mark the changed cells; return their number, plus 256 for each unlike the picture before.

    relit: by how much the light has changed, from `Light.follow`.
    """
    n = 0
    found = 0
    while n < _CELLS:
        step = cells[n] - before[n]
        step = step if step > 0 else 0 - step
        away = cells[n] * _ONE - background[n]
        away = away if away > 0 else 0 - away
        most = threshold * _ONE + 4 * noise[n] + ((before[n] * relit) >> 3)
        changed[n] = 0
        if not mask[n] and step * 2 * _ONE > most:
            found += 256
            if away > most:
                changed[n] = 1
                found += 1
        n += 1
    return found


@micropython.viper
def _drop_lone(changed: ptr8) -> int:  # noqa: F821
    """Remove the cells that touch no other one; return how many."""
    n = 0
    dropped = 0
    while n < _CELLS:
        if changed[n]:
            near = 0 - 1  # itself
            row = n - 16 if n >= 16 else n
            while row <= n + 16 and row < _CELLS:
                near += changed[row]
                if n & 15:
                    near += changed[row - 1]
                if (n & 15) < 15:
                    near += changed[row + 1]
                row += 16
            if not near:
                changed[n] = 0
                dropped += 1
        n += 1
    return dropped


@micropython.viper
def _learn(cells: ptr8, before: ptr8, background: ptr16, noise: ptr16):  # noqa: F821
    """Adapt the background by 1/16 of the difference, and the noise by 1/32."""
    n = 0
    while n < _CELLS:
        cell = cells[n]
        step = cell - before[n]
        step = step if step > 0 else 0 - step
        step = step if step < _MOST_NOISE else _MOST_NOISE
        noise[n] = noise[n] + ((step * _ONE - noise[n]) >> 5)
        background[n] = background[n] + ((cell * _ONE - background[n]) >> 4)
        before[n] = cell
        n += 1
