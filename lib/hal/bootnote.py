"""The boot note: which copy of the application starts, and how the last starts went.

boot.py reads it; hal.appslot and hal.chip change it. It is one number in NVS, so a power cut
leaves the old note or the new one. The copies are the archives `app_a.zip` and `app_b.zip`, and
what the firmware itself holds (`/lib`, or frozen).
"""

import os
from binascii import crc32

import esp32
from micropython import const

COPIES = ("", "app_a", "app_b")  # by their number in the note; "" is the firmware's own copy
NEW = const(0)  # states of the copy: not started yet
PENDING = const(1)  # started once, not confirmed
VALID = const(2)
SAFE_STARTS = const(6)  # the start after five that failed runs in safe mode
_EMPTY = const(VALID << 4)


class Note:
    """The note's fields: copies by their number, `image` by `firmware()`.

    Bits 0 and 1 `copy`, which runs; 2 and 3 `before`, the one to go back to; 4 and 5 the `state`
    of the copy; 6 to 8 `starts` in a row that failed; 9 and 10 `failed`, the copy given up last;
    11 to 29 `image`, the firmware image that was running when the copy was chosen.
    """

    def __init__(self, number=_EMPTY):
        self.copy = number & 3
        self.before = number >> 2 & 3
        self.state = number >> 4 & 3
        self.starts = number >> 6 & 7
        self.failed = number >> 9 & 3
        self.image = number >> 11

    def number(self):
        low = self.copy | self.before << 2 | self.state << 4 | self.starts << 6 | self.failed << 9
        return low | self.image << 11

    def count_start(self):
        """Count this start as failed, until hal.chip.healthy."""
        self.starts = min(self.starts + 1, 7)

    def give_up(self):
        """Go back to the copy before."""
        self.failed, self.copy, self.before = self.copy, self.before, 0


def load():
    """Return the stored note; an empty one if none is stored, or an invalid one."""
    try:
        number = esp32.NVS("boot").get_i32("app")
    except OSError:
        return Note()
    note = Note(number)
    if number >> 30 or 3 in (note.copy, note.before, note.state, note.failed):
        return Note()
    return note


def save(note):
    """Store the note; OSError when the flash is full."""
    nvs = esp32.NVS("boot")
    nvs.set_i32("app", note.number())
    nvs.commit()


def attempts():
    """Return how many normal starts safe mode has tried since the last one that went well."""
    try:
        return esp32.NVS("boot").get_i32("attempts")
    except OSError:
        return 0


def save_attempts(count):
    """Store this number, if it has changed; OSError when the flash is full."""
    if count != attempts():
        nvs = esp32.NVS("boot")
        nvs.set_i32("attempts", count)
        nvs.commit()


def firmware():
    """Return a number for the running image, from its description (version and digest)."""
    description = bytearray(256)
    esp32.Partition(esp32.Partition.RUNNING).readblocks(0, description, 32)
    return crc32(description) & 0x7FFFF


def files(copy):
    """Return the paths of a copy: archive, unfinished archive, folder of an earlier firmware."""
    return copy + ".zip", copy + ".zip.new", copy


def remove(copy):
    """Remove all files of a copy."""
    for path in files(copy):
        _remove(path)


def _remove(path):
    """Remove a file, or a folder with its contents; a path that does not exist is ignored."""
    try:
        for name in [entry[0] for entry in os.ilistdir(path)]:
            _remove(path + "/" + name)
        os.rmdir(path)
    except OSError:
        try:
            os.remove(path)
        except OSError:
            pass
