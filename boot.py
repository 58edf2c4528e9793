"""Before the application, on every start: memory, a factory reset, and which copy runs.

Imports one module of the firmware's own (hal.tarfs), and works without it. The copies are the
archives `app_a.tar` and `app_b.tar`, mounted as `/app_a` and `/app_b`, and what the firmware holds
itself (`/lib`, or frozen), which is the last resort. The note is one number in NVS: a power cut
leaves the old one or the new one. It belongs to the firmware image that was running when a copy
was chosen: beneath another one the firmware's own copy runs. hal.appslot reads and writes it for
the application.
"""

import gc
import os
import sys
from binascii import crc32

import esp32
import machine
from micropython import const

gc.threshold(8_192)  # what is loaded now and stays is to lie close together (app.system)

_BLOCK = const(4_096)
_MOST_BLOCKS = const(512)  # the largest file system in 4 MB
_NEW = const(0)  # the states of a copy: pending is what was started once and not confirmed
_PENDING = const(1)
_VALID = const(2)
_CRASHES = const(3)  # so many starts in a row that came to nothing: the other copy is taken
_SAFE = const(6)  # the start after five of them: the firmware's own copy, in safe mode
_STARTS = const(7 << 6)  # the bits that count them
_TRIAL_MS = const(60_000)
_ERASE = "erase"
_COPIES = (None, "app_a", "app_b")
_found = {}


def decide(note, cause, there):
    """The note for this start. `there(name)` is whether that copy is there, and whole.

    Bits of a note: 0 and 1 the copy that runs, 2 and 3 what to go back to, 4 and 5 its state,
    6 to 8 starts that came to nothing so far, 9 and 10 the copy that was given up last; 11 to 29,
    which are not for here, the firmware image.
    """
    copy, before, state = note & 3, note >> 2 & 3, note >> 4 & 3
    starts, failed = note >> 6 & 7, note >> 9 & 3
    if note >> 11 or 3 in (copy, before, state, failed):  # nothing that we have written
        return _VALID << 4
    if cause in (machine.SOFT_RESET, machine.DEEPSLEEP_RESET):  # no new start, as far as this goes
        return note
    gone = copy and not there(_COPIES[copy])
    if copy and state == _NEW and not gone:
        state, starts = _PENDING, 0
    elif copy and state == _PENDING or gone:
        failed, copy, before, state, starts = copy, before, 0, _VALID, 0
    elif cause != machine.PWRON_RESET:
        starts = min(starts + 1, 7)
        if copy and starts == _CRASHES + 1:
            failed, copy, before = copy, before, 0
    if copy and not there(_COPIES[copy]):
        copy = 0
    return copy | before << 2 | state << 4 | starts << 6 | failed << 9


def _opened(name):
    """A copy as a file system, None where there is none that is whole."""
    if name not in _found:
        try:
            from hal.tarfs import TarFS

            _found[name] = TarFS(name + ".tar")
        except Exception:  # whatever it is, another copy may be better
            _found[name] = None
        for module in ("hal.tarfs", "hal"):  # the copy brings one of that name itself
            sys.modules.pop(module, None)
    return _found[name]


def _mount(name):
    """Put a copy first on the path."""
    mount = getattr(os, "mount", None)
    if not mount:  # there it is where it is not here
        from vfs import mount
    mount(_opened(name), "/" + name)
    sys.path.insert(0, "/" + name)


def _firmware():
    """A number for the image that runs: of what it says of itself, version and digest."""
    description = bytearray(256)
    esp32.Partition(esp32.Partition.RUNNING).readblocks(0, description, 32)
    return crc32(description) & 0x7FFFF


def _choose():
    """Note this start and put its copy first on the path; what cannot be noted is not tried."""
    nvs = esp32.NVS("boot")
    try:
        old = nvs.get_i32("app")
    except OSError:
        old = _VALID << 4
    if old >> 30:  # nothing that we have written
        old = _VALID << 4
    copies, image, cause = old & 0x7FF, old >> 11, machine.reset_cause()
    if image == _firmware():
        copies = decide(copies, cause, _opened)
        name = _COPIES[copies & 3]
    else:
        starts = decide(_VALID << 4 | copies & _STARTS, cause, _opened) & _STARTS
        copies = copies & ~_STARTS | starts
        name = None
    on_trial = name and copies >> 4 & 3 == _PENDING and copies != old & 0x7FF
    if image << 11 | copies != old:
        try:
            nvs.set_i32("app", image << 11 | copies)
            nvs.commit()
        except OSError:
            if on_trial:
                return
    if on_trial:
        machine.WDT(timeout=_TRIAL_MS)  # it may hang before it feeds a watchdog of its own
    if name and copies >> 6 & 7 < _SAFE:
        try:
            _mount(name)
        except Exception as e:  # a start that has failed: the note leads to another copy
            sys.print_exception(e)
            machine.reset()


def _finish_erasing():
    """A factory reset was asked for (hal.chip.forget): nothing that was set is left in flash.

    NVS only marks what is erased, and Wi-Fi keeps a copy of its own there: the whole partition
    goes. The file that asks for it goes last, so that a power cut does not end it.
    """
    try:
        with open(_ERASE) as file:
            names = file.read().split()
    except OSError:
        return
    for name in names:
        _wipe(name)
        _wipe(name + ".new")
    for name in _COPIES[1:]:
        for end in ("", ".tar", ".tar.new"):  # a folder is of an earlier firmware
            _remove(name + end)
    for nvs in esp32.Partition.find(esp32.Partition.TYPE_DATA, subtype=2):
        for block in range(nvs.ioctl(4, 0)):
            nvs.ioctl(6, block)
    for factory in esp32.Partition.find(esp32.Partition.TYPE_APP, subtype=0):
        try:
            factory.set_boot()
        except OSError:  # it is the only image
            pass
    _fill()
    os.remove(_ERASE)
    machine.reset()


def _fill():
    """Write over what is free: littlefs puts new data elsewhere, so that old data stays behind."""
    zeros = bytes(_BLOCK)
    try:
        with open(_ERASE + ".fill", "wb") as file:
            for _ in range(_MOST_BLOCKS):
                file.write(zeros)
    except OSError:  # full, as it should be
        pass
    os.remove(_ERASE + ".fill")


def _remove(path):
    """A file, or a folder with all that is in it; one that is not there is gone already."""
    try:
        for name in [entry[0] for entry in os.ilistdir(path)]:
            _remove(path + "/" + name)
        os.rmdir(path)
    except OSError:
        try:
            os.remove(path)
        except OSError:
            pass


def _wipe(name):
    """Overwrite a file, then remove it."""
    try:
        size = os.stat(name)[6]
        with open(name, "r+b") as file:
            for _ in range(0, size, 64):
                file.write(bytes(64))
        os.remove(name)
    except OSError:  # there is none
        pass


try:
    _finish_erasing()
    _choose()
except OSError as e:  # an exception here would keep main.py from being run
    sys.print_exception(e)

if __name__ == "__main__":  # main.py shares these names and needs none of them
    del decide, _found, _opened, _mount, _firmware, _choose, _finish_erasing, _fill, _remove, _wipe
