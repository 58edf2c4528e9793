"""What the bootloader notes of the slots (hal.flash), in the partition `otadata`.

ESP-IDF's esp_ota_select_entry_t: two entries, each with a sequence number, a state and a CRC over
the number; slot = (number - 1) % slots. A new image runs PENDING: any restart before `confirm`
makes it ABORTED and starts the previous one.
"""

from binascii import crc32

from esp32 import Partition
from micropython import const

from hal.flash import Slot, boot, running

NEW, PENDING, VALID, INVALID, ABORTED = range(5)
_SLOTS = const(16)  # as many as there are subtypes for


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
    return [slot for slot in slots if 0 <= slot.number < _SLOTS]


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
