"""Board's half of the memory tests: an allocation that fails, and a heap without large blocks.

It runs before the application is imported. Only the application's allocations fail, not those of
the simulator, whose modules keep the interpreter's `bytearray`.
"""

import builtins
import gc
import sys

_LARGE = 1_024
_SMALL_LEFT = 400  # blocks of _LARGE bytes
_real = bytearray


class Allocations:
    """Counts the large bytearrays; the one with the number `failing` raises MemoryError."""

    count = 0
    failing = 0

    def __call__(self, *args):
        made = _real(*args)
        if len(made) > _LARGE:
            self.count += 1
            if self.count == self.failing:
                raise MemoryError(
                    "memory allocation failed, allocating {} bytes".format(len(made))
                )
        return made

    def fail(self, number):
        """Make allocation `number` from now fail; return True if the one set before has failed."""
        met = 0 < self.failing <= self.count
        self.count, self.failing = 0, number
        return met


allocations = Allocations()


def fill():
    """Leave only blocks of about 1 KB free; return the object that holds the others."""
    gc.collect()
    thinned = others = None
    for _ in range(2 * _SMALL_LEFT):
        thinned = [_real(_LARGE), thinned]
    for size in (1 << 18, 1 << 16, 1 << 14, 1 << 12, 1 << 11, _LARGE):
        try:
            while True:
                others = [_real(size), others]
        except MemoryError:
            pass
    node = thinned
    while node and node[1]:  # free every second one
        node[1] = node = node[1][1]
    gc.collect()
    return thinned, others


try:
    with open("/root/failing") as _file:  # for a start of the board
        allocations.failing = int(_file.read())
except OSError:
    pass
for _module in sys.modules.values():
    _module.bytearray = _real
builtins.bytearray = allocations
