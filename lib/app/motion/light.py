"""The light of a scene: what all cells of a picture have in common, when it changes.

A cloud, the automatic exposure or a lamp change all cells by a factor, which is not the same on
both sides of the picture. The factor is a sum of parts, each the median over the picture of a
value, of a difference between two cells, or of a bend between three. So a person who covers less
than half of the picture has no effect on it.
"""

from array import array

import micropython
from micropython import const

_CELLS = const(192)  # 12 rows of 16
_DARK = const(16)  # from a cell below it, the light can't be seen
_BRIGHT = const(245)  # nor from one above it
_ONE = const(64)  # brightness 1 in the background
_SAME = const(256)  # the factor 1
_MOST_LIGHT = const(1_023)
_ZERO = const(8_192)  # is added to factors and what is left of them, so that none is negative
_UNSEEN = const(0)
_MOST = const(512)  # of a part, either way
_LEAST = const(24)  # values without which a part is 0
_PARTS = (  # order, shift, size, way: see _count
    (2, 0, 16, 5),  # bend across
    (2, 4, 12, 4),  # bend down
    (1, 0, 16, 8),  # slope across
    (1, 4, 12, 6),  # slope down
    (0, 0, 16, 1),  # what all cells share
)


class Light:
    """Measures the change of the light, and applies it to what was learned before."""

    def __init__(self):
        self._light = array("H", bytes(2 * _CELLS))
        self._rest = array("H", bytes(2 * _CELLS))  # of the light, not yet explained
        self._counts = array("H", bytes(2 * 2 * _MOST))  # for medians

    def follow(self, cells, before, background, mask):
        """Bring the picture before and the background into the light of `cells`.

        Cells with a mask do not count. Returns by how much the light changed: 256 is all of it.
        """
        _measure(self._rest, self._light, cells, before, mask)
        change = 0
        for order, shift, size, way in _PARTS:
            total = _count(self._counts, self._rest, order, shift, size, way)
            part = _median(self._counts, total)
            _explain(self._rest, self._light, part, order, shift, size, way)
            change += abs(part)
        _relight(self._light, cells, before, background)
        return change


@micropython.viper
def _measure(rest: ptr16, light: ptr16, cells: ptr8, before: ptr8, mask: ptr8):  # noqa: F821
    """Write the light of each cell to `rest`, less the factor 1, and 0 to `light`."""
    n = 0
    while n < _CELLS:
        cell = cells[n]
        was = before[n]
        rest[n] = _UNSEEN
        light[n] = _ZERO + _SAME
        if not mask[n] and was >= _DARK and was < _BRIGHT and cell < _BRIGHT:
            rest[n] = _ZERO - _SAME + ((cell << 8) + (was >> 1)) // was
        n += 1


@micropython.viper
def _count(counts: ptr16, rest: ptr16, order: int, shift: int, size: int, way: int) -> int:  # noqa: F821
    """Count the values (order 0), differences (1) or bends (2) of cells `way` apart.

    Shift is 0 across the picture, which has `size` cells, and 4 down. Returns how many there are.
    """
    n = 0
    while n < 2 * _MOST:
        counts[n] = 0
        n += 1
    n = 0
    total = 0
    apart = way << shift
    while n < _CELLS:
        if ((n >> shift) & 15) + order * way < size and rest[n]:
            one = rest[n] - _ZERO
            two = rest[n + apart] if order else _ZERO
            three = rest[n + 2 * apart] if order == 2 else _ZERO
            if two and three:
                two -= _ZERO
                value = one
                if order == 1:
                    value = two - one
                if order == 2:
                    value = three - _ZERO - two - two + one
                value += _MOST
                value = 0 if value < 0 else value
                value = value if value < 2 * _MOST else 2 * _MOST - 1
                counts[value] = counts[value] + 1
                total += 1
        n += 1
    return total


@micropython.viper
def _median(counts: ptr16, total: int) -> int:  # noqa: F821
    """Return the median of what was counted."""
    if total < _LEAST:
        return 0
    value = 0
    total >>= 1
    while total >= counts[value]:
        total -= counts[value]
        value += 1
    return value - _MOST


@micropython.viper
def _explain(
    rest: ptr16,  # noqa: F821
    light: ptr16,  # noqa: F821
    part: int,
    order: int,
    shift: int,
    size: int,
    way: int,
):
    """Move a part of the light, from `_count` and `_median`, from `rest` to `light`."""
    n = 0
    while n < _CELLS:
        place = 2 * ((n >> shift) & 15) + 1 - size
        value = part
        if order == 1:
            value = part * place // (2 * way)
        if order == 2:
            value = part * place * place // (8 * way * way)
        light[n] = light[n] + value
        if rest[n]:
            rest[n] = rest[n] - value
        n += 1


@micropython.viper
def _relight(light: ptr16, cells: ptr8, before: ptr8, background: ptr16):  # noqa: F821
    """Apply the light to the picture before and to the background."""
    n = 0
    while n < _CELLS:
        factor = light[n] - _ZERO
        factor = 0 if factor < 0 else factor
        factor = factor if factor < _MOST_LIGHT else _MOST_LIGHT
        was = before[n]
        now = (was * factor) >> 8
        now = now if now < 255 else 255
        if was >= _BRIGHT and cells[n] > now:
            now = cells[n]  # it was brighter than a picture can show
        before[n] = now
        now = (background[n] * factor) >> 8
        background[n] = now if now < 255 * _ONE else 255 * _ONE
        n += 1
