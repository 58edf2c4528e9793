"""Flash chip: a 4 MB file, initially all ones.

A write only turns ones into zeros; an erase sets a whole sector to ones. Every erase and every
write counts as one operation. The power can be cut at a chosen operation. The interpreter reads
the file itself (board/flashreader.py) and counts its reads.
"""

import asyncio
import mmap
import os
import random

from errors import PowerFailure, UsageError

SIZE = 4 * 1024 * 1024
SECTOR = 4096
_PAGE = 256
_ERASE_S = 0.045  # per sector; datasheets: 30..400 ms
_PROGRAM_S = 0.0006  # per page
READ_US = 100  # measured on a chip: littlefs reads 5,100 times in about half a second
_MODES = ("before", "torn", "after")


class Flash:
    """Flash with sectors of 4,096 bytes, in memory only if `path` is None.

    `fast` disables the delays. `chance` is the random source for torn operations. `counter` is a
    descriptor that the interpreter inherits; it moves its position by one for each read.
    """

    def __init__(self, path=None, fast=True, chance=random, counter=None):
        self._cells = _mapped(path, b"\xff" * SIZE) if path else bytearray(b"\xff" * SIZE)
        self.path = path
        self._counter = counter
        self._fast = fast
        self._erase_s = _ERASE_S
        self._chance = chance
        self.operations = self.erases = self.writes = self.unerased = 0
        self._cut_at = None
        self._mode = None
        self._cut_power = None

    def connect(self, cut_power):
        """Set the function that cuts the power, which kills the interpreter immediately."""
        self._cut_power = cut_power

    @property
    def reads(self):
        """Reads of the interpreter since the start of the runner."""
        return 0 if self._counter is None else os.lseek(self._counter, 0, os.SEEK_CUR)

    # Operations

    def read(self, at, size):
        return bytes(self._cells[at : at + size])

    def erase(self, at):
        """Erase the sector at an address."""
        self.erases += 1
        self._change(at, b"\xff" * SECTOR)

    def write(self, at, data):
        """Turn ones into zeros; `unerased` counts writes that needed an erase first."""
        self.writes += 1
        held = self._cells[at : at + len(data)]
        result = _and(held, data)
        self.unerased += result != data
        self._change(at, result)

    def burn(self, at, data):
        """Write while the board is off, without an erase; counts no operation."""
        self._cells[at : at + len(data)] = data

    def write_batch(self, steps):
        """Perform several writes and sector erases that count as one operation."""
        cut = self.operation()
        if cut == "torn":
            steps = steps[: self._chance.randrange(len(steps) + 1)]
        if cut != "before":
            self.burn_steps(steps)
        if cut:
            self.cut_power()

    def burn_steps(self, steps):
        """Perform and clear a list of (address, bytes) writes; a sector of ones is an erase."""
        for at, data in steps:
            erases = data == b"\xff" * SECTOR
            self.burn(at, data if erases else _and(self.read(at, len(data)), data))
        steps.clear()

    def busy(self, erased=0, written=0):
        """Return an awaitable delay for erased sectors and written bytes, or None if fast."""
        if self._fast:
            return None
        return asyncio.sleep(erased * self._erase_s + -(-written // _PAGE) * _PROGRAM_S)

    def _change(self, at, new):
        """Perform one operation, completely or as far as a power cut allows."""
        cut = self.operation()
        if cut == "torn":
            done = self._chance.randrange(len(new) + 1)
            new = new[:done] + self._torn_byte(at + done, new[done : done + 1])
        if cut != "before":
            self._cells[at : at + len(new)] = new
        if cut:
            self.cut_power()

    def _torn_byte(self, at, byte):
        """Return the byte interrupted by a power cut, with some of its bits changed."""
        if not byte:
            return b""
        changed = self._chance.randrange(256)
        return bytes([self._cells[at] & ~changed & 0xFF | byte[0] & changed])

    # Power cuts

    def operation(self):
        """Count one operation; return the mode of a power cut planned for it, or None."""
        self.operations += 1
        return self._mode if self.operations == self._cut_at else None

    def cut_power(self):
        """Cut the power: raise PowerFailure to abort everything after this operation."""
        self._cut_at = None
        if self._cut_power:
            self._cut_power()
        raise PowerFailure

    def plan(self, after_ops=0, mode="before"):
        """Cut the power now (0) or at the n-th operation from now."""
        if mode not in _MODES:
            raise UsageError("mode must be one of " + ", ".join(_MODES))
        if after_ops:
            self._cut_at = self.operations + after_ops
            self._mode = mode
        else:
            self._cut_at = None
            self._cut_power()

    def cancel(self):
        """Forget a planned power cut."""
        self._cut_at = None

    def controls(self):
        return {"power_cut": self.plan}

    def report(self, erase_ms=None):
        """Return the counters; an erase of a sector takes `erase_ms` from now on, unless fast."""
        if erase_ms is not None:
            self._erase_s = erase_ms / 1_000
        names = ("operations", "erases", "writes", "unerased", "reads")
        return {name: getattr(self, name) for name in names}


def _mapped(path, initial):
    """Map the file into memory; create it if it does not exist or has another size."""
    if not path.exists() or path.stat().st_size != len(initial):
        path.write_bytes(initial)
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), len(initial))


def _and(held, data):
    """Return the bitwise AND of two byte strings."""
    one, other = int.from_bytes(held, "little"), int.from_bytes(data, "little")
    return (one & other).to_bytes(len(data), "little")
