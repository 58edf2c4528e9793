"""The flash: slots for whole firmware images, and what the bootloader notes about them.

Thin over `esp32.Partition`; what is checked and when is the updater's business. The bootloader's
notes stand in `otadata` (ESP-IDF's esp_ota_select_entry_t): two entries, each with a sequence
number, a state and a CRC over the number; slot = (number - 1) % slots. A new image runs PENDING:
any restart before `confirm` makes it ABORTED and starts the previous one.
"""

from binascii import crc32

from esp32 import Partition
from micropython import const

NEW, PENDING, VALID, INVALID, ABORTED = range(5)
BLOCK = const(4_096)

_OTA_0, _OTA_END = const(0x10), const(0x20)  # subtypes of the slots
_SUBTYPE, _ADDRESS, _SIZE, _LABEL = const(1), const(2), const(3), const(4)  # of info()
_VERSION_AT, _PROJECT_AT, _TEXT = const(48), const(80), const(32)  # in an image


class Slot:
    """A partition that holds an image, or is to hold one."""

    def __init__(self, partition):
        self._partition = partition
        info = partition.info()
        self.label = info[_LABEL]
        self.address = info[_ADDRESS]
        self.size_bytes = info[_SIZE]
        self.number = info[_SUBTYPE] - _OTA_0  # negative: the factory's image

    def readinto(self, at, buffer):
        """Fill `buffer` from the byte `at` of the slot on."""
        self._partition.readblocks(at // BLOCK, buffer, at % BLOCK)

    def erase(self, block):
        """Erase one block of BLOCK bytes; the chip stands still for about 45 ms."""
        self._partition.ioctl(6, block)

    def write(self, block, data, at=0):
        """Write into a block that has been erased, from its byte `at` on; not beyond it."""
        self._partition.writeblocks(block, data, at)

    def set_boot(self):
        """Let the next restart try this slot; OSError when its image is not whole (0.7 s)."""
        self._partition.set_boot()

    def description(self):
        """(project, version) as the image in it says; odd texts where there is no image."""
        return self._text(_PROJECT_AT), self._text(_VERSION_AT)

    def _text(self, at):
        buffer = bytearray(_TEXT)
        self.readinto(at, buffer)
        return "".join(chr(c) for c in bytes(buffer).split(b"\0")[0] if 32 <= c < 127)


def running():
    """The slot of the image that runs now."""
    return Slot(Partition(Partition.RUNNING))


def boot():
    """The slot that the next restart tries first; None on a board without slots."""
    try:
        return Slot(Partition(Partition.BOOT))
    except OSError:
        return None


def spare():
    """The slot for the next update; None on a board without slots."""
    try:
        slot = Slot(Partition(Partition.RUNNING).get_next_update())
    except OSError:
        return None
    return None if slot.address == running().address else slot


def state(slot):
    """What the bootloader notes of a slot: NEW .. ABORTED, or None where it notes nothing."""
    newest = None
    for seq, noted, number in _entries():
        if number == slot.number and (newest is None or seq > newest[0]):
            newest = seq, noted
    return newest and newest[1]


def unconfirmed():
    """Whether the running image will be given up by the next restart."""
    return state(running()) == PENDING


def confirm():
    """Keep the running image; False where that needs nothing.

    The chip confirms whatever the next start would try: it must be made the running image first.
    """
    slot = running()
    if state(slot) not in (NEW, PENDING):
        return False
    if boot().address != slot.address:
        slot.set_boot()
    Partition.mark_app_valid_cancel_rollback()
    return True


def failed():
    """The slot whose image was given up last, unless it holds another by now; or None."""
    found = None
    for seq, noted, number in _entries():
        if noted in (INVALID, ABORTED) and (found is None or seq > found[0]):
            found = seq, number
    slots = [slot for slot in _slots() if found and slot.number == found[1]]
    return slots[0] if slots else None


def _slots():
    slots = [Slot(p) for p in Partition.find(Partition.TYPE_APP)]
    return [slot for slot in slots if 0 <= slot.number < _OTA_END - _OTA_0]


def _entries():
    """(sequence, state, number of the slot) of each entry that is whole."""
    count, entry, found = len(_slots()), bytearray(32), []
    for partition in Partition.find(Partition.TYPE_DATA, subtype=0):
        for block in range(2):
            partition.readblocks(block, entry, 0)
            seq = int.from_bytes(entry[:4], "little")
            crc = int.from_bytes(entry[28:], "little")
            if count and 0 < seq < 0xFFFFFFFF and crc32(entry[:4], 0xFFFFFFFF) == crc:
                found.append((seq, int.from_bytes(entry[24:28], "little"), (seq - 1) % count))
    return found
