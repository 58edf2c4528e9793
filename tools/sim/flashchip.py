"""The flash chip: one file of 4 MB that reads as ones until it is written.

Writing only turns ones into zeros; a sector is erased as a whole. Every erase and every write is
one operation: they are counted, and the power can be cut at a chosen one.
"""

import asyncio
import mmap
import random

from errors import PowerFailure, UsageError

SIZE = 4 * 1024 * 1024
SECTOR = 4096
_PAGE = 256
_ERASE_S = 0.045  # of a sector; data sheets say 30..400 ms
_PROGRAM_S = 0.0006  # of a page
_MODES = ("before", "torn", "after")


class Flash:
    """Sectors of 4,096 bytes; without a `path` they are lost with the object.

    `fast` takes no time over an operation. `chance` decides how far a torn operation got.
    """

    def __init__(self, path=None, fast=True, chance=random):
        self._cells = _opened(path) if path else bytearray(b"\xff" * SIZE)
        self._fast = fast
        self._chance = chance
        self.operations = self.erases = self.writes = self.unerased = 0
        self._cut_at = None
        self._mode = None
        self._cut_power = None

    def connect(self, cut_power):
        """Say how the power is cut: a function that ends the interpreter at once."""
        self._cut_power = cut_power

    # What the chip does

    def read(self, at, size):
        return bytes(self._cells[at : at + size])

    def erase(self, at):
        """Make all of the sector at an address ones."""
        self.erases += 1
        self._change(at, b"\xff" * SECTOR)

    def write(self, at, data):
        """Turn ones into zeros; `unerased` counts the writes that would have wanted more."""
        self.writes += 1
        held = self._cells[at : at + len(data)]
        result = _both(held, data)
        self.unerased += result != data
        self._change(at, result)

    def burn(self, at, data):
        """Write at the work bench, before the board is built: no operation is counted."""
        self._cells[at : at + len(data)] = data

    def together(self, steps):
        """Several writes, and erases of whole sectors, that count as one operation."""
        cut = self.operation()
        if cut == "torn":
            steps = steps[: self._chance.randrange(len(steps) + 1)]
        if cut != "before":
            self.burn_steps(steps)
        if cut:
            self.cut_power()

    def burn_steps(self, steps):
        """Writes as (address, bytes), made and taken off the list; a sector of ones erases it."""
        for at, data in steps:
            erases = data == b"\xff" * SECTOR
            self.burn(at, data if erases else _both(self.read(at, len(data)), data))
        steps.clear()

    def busy(self, erased=0, written=0):
        """None, or a wait as long as the chip takes to erase sectors and to write bytes."""
        if self._fast:
            return None
        return asyncio.sleep(erased * _ERASE_S + -(-written // _PAGE) * _PROGRAM_S)

    def _change(self, at, new):
        """One operation: all of it, or what the power cut leaves of it."""
        cut = self.operation()
        if cut == "torn":
            done = self._chance.randrange(len(new) + 1)
            new = new[:done] + self._weak(at + done, new[done : done + 1])
        if cut != "before":
            self._cells[at : at + len(new)] = new
        if cut:
            self.cut_power()

    def _weak(self, at, byte):
        """The byte at which the power went: some of its bits have changed."""
        if not byte:
            return b""
        changed = self._chance.randrange(256)
        return bytes([self._cells[at] & ~changed & 0xFF | byte[0] & changed])

    # How the power is cut

    def operation(self):
        """Count one operation; the mode of the power cut that falls on it, or None."""
        self.operations += 1
        return self._mode if self.operations == self._cut_at else None

    def cut_power(self):
        """End it all: nothing that follows this operation happens."""
        self._cut_at = None
        if self._cut_power:
            self._cut_power()
        raise PowerFailure

    def plan(self, after_ops=0, mode="before"):
        """Cut the power now (0) or at the n-th operation from now."""
        if mode not in _MODES:
            raise UsageError("mode is one of " + ", ".join(_MODES))
        if after_ops:
            self._cut_at = self.operations + after_ops
            self._mode = mode
        else:
            self._cut_at = None
            self._cut_power()

    def controls(self):
        return {"power_cut": self.plan}

    def report(self):
        names = ("operations", "erases", "writes", "unerased")
        return {name: getattr(self, name) for name in names}


def _opened(path):
    """The file's cells; what is done to them is in the file at once. A new file is all ones."""
    if not path.exists() or path.stat().st_size != SIZE:
        path.write_bytes(b"\xff" * SIZE)
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), SIZE)


def _both(held, data):
    """The bits that are ones in both."""
    one, other = int.from_bytes(held, "little"), int.from_bytes(data, "little")
    return (one & other).to_bytes(len(data), "little")
