"""Motion: cells of a picture that change more than its light does.

A cell is the mean brightness of 1/16 x 1/12 of the picture, from `proto.jpegdc`.
"""

import asyncio
from array import array

from micropython import const

_CELLS = const(192)
_LEARN_FRAMES = const(3)  # compared, but not reported, after `relearn`
_ONE = const(64)  # brightness 1 in the background and the noise
_DARK = const(24)  # the gain is not seen in cells below this brightness
_BRIGHT = const(245)  # and above this one
_SLOWLY, _NOISE_SLOWLY = const(4), const(4)  # 1/16 per frame
_MOST_NOISE = const(12)


async def decode_in_steps(grid, view):
    """Decode a picture into `grid`, a `DCGrid`, and yield to other tasks between steps.

    The picture must stay leased meanwhile. Raises ValueError like `DCGrid.decode`.
    """
    grid.start(view)
    while not grid.step():
        await asyncio.sleep_ms(0)


class Detector:
    """Compares each grid of cells with the one before and with a slowly adapting background.

    A cell has changed if it differs from both by more than a threshold and by more than it usually
    does; what all cells have in common, the light or the exposure, is removed first. The settings
    `motionlevel`, `motionarea`, `motionframes` and `motionmask` are read for each grid.

    `changed` has a 1 for each cell that changed and is not masked, `count` is their number, and
    `score` is 0..100: from 50 on, enough cells changed for motion.
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
        self._counts = array("H", bytes(2 * 512))  # for the median
        self._frames = 0  # in a row with motion
        self._learning = _LEARN_FRAMES + 1

    def relearn(self):
        """Forget the background: the camera, its parameters or its view have changed."""
        self._learning = _LEARN_FRAMES + 1
        self._frames = 0

    def compare(self, cells):
        """Compare a grid with those before; return True while there is motion."""
        self._read_mask(self._settings["motionmask"])
        if self._learning > _LEARN_FRAMES:
            self._learn(cells)
        gain = self._common_gain(cells)
        offset = self._common_offset(cells, gain)
        self._mark(cells, gain, offset)
        self._settle(cells, gain, offset)
        area = self._settings["motionarea"]
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

    def _learn(self, cells):
        for n in range(_CELLS):
            self._before[n] = cells[n]
            self._background[n] = cells[n] * _ONE
            self._noise[n] = _ONE

    def _median(self, total):
        """Return the index of the median of `total` counted values."""
        at, left = 0, total // 2
        while left >= self._counts[at]:
            left -= self._counts[at]
            at += 1
        return at

    def _clear_counts(self):
        for n in range(512):
            self._counts[n] = 0

    def _common_gain(self, cells):
        """Return the median of the cells' gains since the grid before, times 128."""
        self._clear_counts()
        total = 0
        for n in range(_CELLS):
            was, cell = self._before[n], cells[n]
            if not self._mask[n] and _DARK <= was and cell < _BRIGHT and was < _BRIGHT:
                self._counts[min(511, (cell * 128 + was // 2) // was)] += 1
                total += 1
        return self._median(total) if total > _CELLS // 8 else 128

    def _common_offset(self, cells, gain):
        """Return the median of the changes that `gain` does not explain."""
        self._clear_counts()
        total = 0
        for n in range(_CELLS):
            if not self._mask[n]:
                expected = min(255, self._before[n] * gain >> 7)
                self._counts[cells[n] - expected + 256] += 1
                total += 1
        return self._median(total) - 256 if total else 0

    def _mark(self, cells, gain, offset):
        """Mark the changed cells."""
        level = self._settings["motionlevel"]
        threshold = 3 + (100 - level) * (100 - level) * 37 // 10_000
        self.count = 0
        for n in range(_CELLS):
            self.changed[n] = 0
            if self._mask[n]:
                continue
            most = threshold + 2 * self._noise[n] // _ONE
            step = cells[n] - max(0, min(255, (self._before[n] * gain >> 7) + offset))
            away = cells[n] - max(0, min(255, (self._background[n] * gain >> 7) // _ONE + offset))
            if abs(away) > most and 2 * abs(step) > most:
                self.changed[n] = 1
                self.count += 1

    def _settle(self, cells, gain, offset):
        """Take over the light into the background, then some of each cell."""
        for n in range(_CELLS):
            cell = cells[n]
            expected = max(0, min(255 * _ONE, (self._background[n] * gain >> 7) + offset * _ONE))
            self._background[n] = expected + (cell * _ONE - expected >> _SLOWLY)
            step = abs(cell - max(0, min(255, (self._before[n] * gain >> 7) + offset)))
            noise = self._noise[n]
            self._noise[n] = noise + (min(step, _MOST_NOISE) * _ONE - noise >> _NOISE_SLOWLY)
            self._before[n] = cell
