"""`otadata`: two sectors, each with an entry that names a slot by a sequence number.

The entry with the highest number among the usable ones is the active one; a slot is
(number - 1) % slots. ESP-IDF's bootloader and its application side both work by these rules.
"""

import struct
import zlib
from typing import NamedTuple

from flashchip import SECTOR

NEW, PENDING, VALID, INVALID, ABORTED = range(5)
UNDEFINED = _BLANK = 0xFFFFFFFF
_ENTRY = struct.Struct("<I20sII")


class Entry(NamedTuple):
    """One of the two entries as it stands in flash."""

    seq: int
    label: bytes
    state: int
    crc: int

    @property
    def intact(self):
        return self.seq != _BLANK and self.crc == crc_of(self.seq)

    @property
    def usable(self):
        """Whether its slot may be started: intact, and not known to have failed."""
        return self.intact and self.state not in (INVALID, ABORTED)


def crc_of(seq):
    return zlib.crc32(struct.pack("<I", seq), 0xFFFFFFFF)


class OtaData:
    """Both entries, read anew each time; `at` is the partition's address."""

    def __init__(self, flash, at):
        self._flash = flash
        self._at = at

    def entries(self):
        reads = (self._flash.read(self._at + n * SECTOR, _ENTRY.size) for n in range(2))
        return [Entry(*_ENTRY.unpack(data)) for data in reads]

    def active(self):
        """Number (0 or 1) of the active entry, or None."""
        entries = self.entries()
        usable = [number for number in range(2) if entries[number].usable]
        return max(usable, key=lambda number: entries[number].seq, default=None)

    def write(self, number, seq, state):
        """Replace an entry: two operations of the flash."""
        self._write(number, Entry(seq, self.entries()[number].label, state, crc_of(seq)))

    def mark(self, number, state):
        """Change an entry's state, and nothing else of it."""
        self._write(number, self.entries()[number]._replace(state=state))

    def _write(self, number, entry):
        self._flash.erase(self._at + number * SECTOR)
        self._flash.write(self._at + number * SECTOR, _ENTRY.pack(*entry))

    def choose(self, slot, slots):
        """Make one of `slots` slots the active one, new: the next start is its first."""
        active = self.active()
        if active is None:
            self.write(0, slot + 1, NEW)
            return
        seq, wanted = self.entries()[active].seq, (slot + 1) % slots
        wanted += max(0, -(-(seq - wanted) // slots)) * slots
        self.write(1 - active, wanted, NEW)

    def erase(self):
        for number in range(2):
            self._flash.erase(self._at + number * SECTOR)
