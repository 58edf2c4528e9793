"""Flash: the slots for whole firmware images. hal.otadata reads the bootloader's records of them.

A thin layer over `esp32.Partition`; app.ota decides what to check and when.
"""

from esp32 import Partition
from micropython import const

BLOCK = const(4_096)

_OTA_0 = const(0x10)  # subtype of the first slot
_SUBTYPE, _ADDRESS, _SIZE, _LABEL = const(1), const(2), const(3), const(4)  # of info()
_VERSION_AT, _PROJECT_AT, _TEXT = const(48), const(80), const(32)  # in an image


class Slot:
    """A partition for a firmware image."""

    def __init__(self, partition):
        self._partition = partition
        info = partition.info()
        self.label = info[_LABEL]
        self.address = info[_ADDRESS]
        self.size_bytes = info[_SIZE]
        self.number = info[_SUBTYPE] - _OTA_0  # negative: the factory image

    def readinto(self, at, buffer):
        """Fill `buffer` from byte `at` of the slot."""
        self._partition.readblocks(at // BLOCK, buffer, at % BLOCK)

    def erase(self, block):
        """Erase one block of BLOCK bytes; blocks the chip for about 45 ms."""
        self._partition.ioctl(6, block)

    def write(self, block, data, at=0):
        """Write into an erased block, from its byte `at`, and not beyond its end."""
        self._partition.writeblocks(block, data, at)

    def set_boot(self):
        """Let the next restart try this slot; OSError if its image is not valid (0.7 s)."""
        self._partition.set_boot()

    def description(self):
        """Return (project, version) of its image; arbitrary text if it contains none."""
        return self._text(_PROJECT_AT), self._text(_VERSION_AT)

    def _text(self, at):
        buffer = bytearray(_TEXT)
        self.readinto(at, buffer)
        return "".join(chr(c) for c in bytes(buffer).split(b"\0")[0] if 32 <= c < 127)


def running():
    """Return the slot of the running image."""
    return Slot(Partition(Partition.RUNNING))


def boot():
    """Return the slot that the next restart tries first; None on a board without slots."""
    try:
        return Slot(Partition(Partition.BOOT))
    except OSError:
        return None


def spare():
    """Return the slot for the next update; None on a board without a second slot."""
    try:
        slot = Slot(Partition(Partition.RUNNING).get_next_update())
    except OSError:
        return None
    return None if slot.address == running().address else slot
