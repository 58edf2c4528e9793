"""Partition `otadata`: two sectors, each with an entry that selects a slot.

The active entry is the usable one with the highest sequence number. Its slot is
(sequence number - 1) % slots. ESP-IDF's bootloader and esp_ota_ops both follow these rules.
"""

import struct
import zlib
from typing import NamedTuple

from flashchip import SECTOR

NEW, PENDING, VALID, INVALID, ABORTED = range(5)
UNDEFINED = _BLANK = 0xFFFFFFFF
_ENTRY = struct.Struct("<I20sII")


class Entry(NamedTuple):
    """One of the two entries (esp_ota_select_entry_t)."""

    seq: int
    label: bytes
    state: int
    crc: int

    @property
    def intact(self):
        return self.seq != _BLANK and self.crc == crc_of(self.seq)

    @property
    def usable(self):
        """True if the slot can be started: intact, and not marked as failed."""
        return self.intact and self.state not in (INVALID, ABORTED)


def crc_of(seq):
    return zlib.crc32(struct.pack("<I", seq), 0xFFFFFFFF)


class OtaData:
    """Both entries, always read from flash; `at` is the address of the partition."""

    def __init__(self, flash, at):
        self._flash = flash
        self._at = at

    def entries(self):
        reads = (self._flash.read(self._at + n * SECTOR, _ENTRY.size) for n in range(2))
        return [Entry(*_ENTRY.unpack(data)) for data in reads]

    def active(self):
        """Return the number (0 or 1) of the active entry, or None."""
        entries = self.entries()
        usable = [number for number in range(2) if entries[number].usable]
        return max(usable, key=lambda number: entries[number].seq, default=None)

    def write(self, number, seq, state):
        """Replace an entry with two flash operations."""
        self._write(number, Entry(seq, self.entries()[number].label, state, crc_of(seq)))

    def mark(self, number, state):
        """Change only the state of an entry."""
        self._write(number, self.entries()[number]._replace(state=state))

    def _write(self, number, entry):
        self._flash.erase(self._at + number * SECTOR)
        self._flash.write(self._at + number * SECTOR, _ENTRY.pack(*entry))

    def choose(self, slot, slots):
        """Make `slot` of `slots` the active one, in state NEW."""
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
