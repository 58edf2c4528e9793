"""The bootloader's records of the slots (hal.flash), in the partition `otadata`.

ESP-IDF's esp_ota_select_entry_t: two entries, each with a sequence number, a state and a CRC of
the number; slot = (number - 1) % slots. A new image runs PENDING: any restart before `confirm`
makes it ABORTED and starts the previous one.
"""

from binascii import crc32

from esp32 import Partition
from micropython import const

from hal.flash import Slot, boot, running

NEW, PENDING, VALID, INVALID, ABORTED = range(5)
_SLOTS = const(16)  # the number of subtypes for slots


def state(slot):
    """Return the recorded state of a slot, NEW .. ABORTED; None if there is no record."""
    newest = None
    for seq, recorded, number in _entries():
        if number == slot.number and (newest is None or seq > newest[0]):
            newest = seq, recorded
    return newest and newest[1]


def unconfirmed():
    """Return True if the next restart gives up the running image."""
    return state(running()) == PENDING


def confirm():
    """Keep the running image; return False if it needs no confirmation.

    The chip confirms the image that the next start would try, so that is made the running one.
    """
    slot = running()
    if state(slot) not in (NEW, PENDING):
        return False
    if boot().address != slot.address:
        slot.set_boot()
    Partition.mark_app_valid_cancel_rollback()
    return True


def failed():
    """Return the slot whose image was given up last; None once it holds another image."""
    found = None
    for seq, recorded, number in _entries():
        if recorded in (INVALID, ABORTED) and (found is None or seq > found[0]):
            found = seq, number
    slots = [slot for slot in _slots() if found and slot.number == found[1]]
    return slots[0] if slots else None


def _slots():
    slots = [Slot(p) for p in Partition.find(Partition.TYPE_APP)]
    return [slot for slot in slots if 0 <= slot.number < _SLOTS]


def _entries():
    """Return (sequence, state, number of the slot) of each valid entry."""
    count, entry, found = len(_slots()), bytearray(32), []
    for partition in Partition.find(Partition.TYPE_DATA, subtype=0):
        for block in range(2):
            partition.readblocks(block, entry, 0)
            seq = int.from_bytes(entry[:4], "little")
            crc = int.from_bytes(entry[28:], "little")
            if count and 0 < seq < 0xFFFFFFFF and crc32(entry[:4], 0xFFFFFFFF) == crc:
                found.append((seq, int.from_bytes(entry[24:28], "little"), (seq - 1) % count))
    return found
