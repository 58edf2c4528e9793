"""The copies of the application: two archives, and the one that the firmware holds itself.

boot.py chooses among them by a note in NVS, which is read and written here: one number, so that
a power cut leaves the old one or the new one. `app_a.tar` holds what `lib` holds, and `config`
whole, and is mounted as `/app_a` (hal.tarfs).
A new copy that has been started once and not been confirmed is given up by the next start, as is
one that failed three times in a row; after five failures the firmware's own copy runs in safe
mode. A copy is for the firmware image that was running when it was chosen: another image brings
its own, and when that is rolled back the copy runs again.
"""

from binascii import crc32

import esp32
from micropython import const

COPIES = ("", "app_a", "app_b")  # by the note's numbers; "" is the firmware's own copy

_NEW = const(0)
_PENDING = const(1)
_VALID = const(2)
_BEFORE = const(2)  # where the fields of the note begin; boot.py says more
_STATE = const(4)
_STARTS = const(6)
_FAILED = const(9)
_IMAGE = const(11)
_SAFE = const(6)  # starts in a row, this one included


def running():
    """The copy that this start runs from, "" for the firmware's own."""
    return "" if safe_mode() else COPIES[_note() & 3]


def spare():
    """The copy that the next update replaces: the one that does not run."""
    return COPIES[2 if _note() & 3 == 1 else 1]


def forget(name):
    """A copy is about to be replaced: nothing goes back to it, nor to half of what comes."""
    note = _note()
    if name and COPIES[note >> _BEFORE & 3] == name:
        _write(note & ~(3 << _BEFORE))


def choose(name):
    """Let the next restart try a copy, all of which is there and checked."""
    before = COPIES.index(running())
    _write(COPIES.index(name) | before << _BEFORE | _NEW << _STATE)


def unconfirmed():
    """Whether the running copy will be given up by the next restart."""
    note = _note()
    return note & 3 != 0 and note >> _STATE & 3 == _PENDING


def confirm():
    """Keep the running copy; False where that needs nothing."""
    if not unconfirmed():
        return False
    note = _note()
    _write(note & 15 | _VALID << _STATE)
    return True


def failed():
    """The copy that was given up last, "" when there is none."""
    return COPIES[_note() >> _FAILED & 3]


def safe_mode():
    """Whether so many starts have failed that only what is needed to mend it shall run."""
    return _note() >> _STARTS & 7 >= _SAFE


def _firmware():
    """A number for the image that runs, as boot.py reckons it."""
    description = bytearray(256)
    esp32.Partition(esp32.Partition.RUNNING).readblocks(0, description, 32)
    return crc32(description) & 0x7FFFF


def _note():
    """The low bits of the note; those of another firmware's say nothing but failed starts."""
    try:
        note = esp32.NVS("boot").get_i32("app")
    except OSError:
        note = 0
    used = (note & 3, note >> _BEFORE & 3, note >> _STATE & 3, note >> _FAILED & 3)
    if note >> 30 or 3 in used:
        return _VALID << _STATE
    if note >> _IMAGE != _firmware():
        return _VALID << _STATE | note & 7 << _STARTS
    return note & (1 << _IMAGE) - 1


def _write(note):
    nvs = esp32.NVS("boot")
    nvs.set_i32("app", _firmware() << _IMAGE | note)
    nvs.commit()
