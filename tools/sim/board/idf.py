"""Memory of ESP-IDF, which tools/sim/idfmemory.py accounts for.

Without PSRAM, what the IDF takes is lost for MicroPython's heap: here it is filled with as many
bytes, so that `gc.mem_free()` shows it and an allocation fails that would fail on the chip. They
are adjusted at each draw, so the memory of a closed connection is free again at the next one.
"""

import gc
from os import getenv

import world

PSRAM = not getenv("SIM_NO_PSRAM")
_BESIDE = int(getenv("SIM_NO_PSRAM") or 0)  # bytes of this heap that the chip does not need
_PIECE = 1_024
_SPARE_NAMES = 600
_pieces = []

# MicroPython's table of names grows in ever larger steps; the last one, 28 KB at the 2,541st name,
# looks like a leak. With these names it comes while the application is imported.
for _number in range(_SPARE_NAMES):
    getattr(world, "spare%d" % _number, None)


def take(kind, *details, link=world.main):
    """Take memory for `kind`; raise what the chip raises if there is not enough."""
    total = link.call("idf.take", kind, in_use(), *details)
    if PSRAM:
        return
    while len(_pieces) > total // _PIECE:
        _pieces.pop()
    try:
        while len(_pieces) < total // _PIECE:
            _pieces.append(bytearray(_PIECE))
    except MemoryError:  # the heap is full and in pieces
        pass


def give(kind):
    """Return memory; may be called in any thread."""
    world.side.call("idf.give", kind)


def in_use():
    """Return the bytes in use on the heap of a chip without PSRAM; 0 with PSRAM."""
    if PSRAM:
        return 0
    gc.collect()
    return max(0, gc.mem_alloc() - _BESIDE - _PIECE * len(_pieces))
