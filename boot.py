"""Runs at each start before the application: finishes a factory reset, chooses the copy to run.

The copies are the archives `app_a.zip` and `app_b.zip`, mounted as `/app_a` and `/app_b`; the last
resort is what the firmware itself holds (`/lib`, or frozen). A copy belongs to the firmware image
that was running when it was chosen: with another image the firmware's own copy runs.
The modules are the firmware's own; without them no copy is chosen, and main.py still runs.
"""

import gc
import os
import sys

import esp32
import machine
import micropython
from micropython import const

micropython.kbd_intr(-1)  # Ctrl-C would skip main.py; packets on the UART contain this byte
# Frozen modules come first, because a search of the file system reads the flash many times, even
# for the import of a built-in module. Then comes the application as files: /lib, and / for its
# config. Without /lib nothing is deployed, so no import searches the file system. A copy of the
# application goes before all of them (_mount).
sys.path[:] = [place for place in sys.path if place not in ("", "/lib")]
try:
    os.stat("/lib")
    sys.path += ("/lib", "")
except OSError:
    pass

try:
    from hal import bootnote
except Exception as e:
    sys.print_exception(e)
    bootnote = None

gc.threshold(8_192)  # keeps the modules that load now close together; app.system sets its own

_BLOCK = const(4_096)
_MAX_BLOCKS = const(512)  # of the largest file system in 4 MB
_MAX_FAILED = const(3)  # starts in a row; then the other copy runs
_TRIAL_MS = const(60_000)
_ERASE = "erase"
_MODULES = ("hal.bootnote", "hal.zipfs", "hal", "proto.zip", "proto", "config.limits", "config")
_mountable = {}  # name of a copy -> its file system, or None


def decide(note, cause, is_whole):
    """Update the note for this start; `is_whole(name)` returns true for a copy that can run."""
    gone = note.copy and not is_whole(bootnote.COPIES[note.copy])
    if gone or note.copy and note.state == bootnote.PENDING:
        note.give_up()
        note.state, note.starts = bootnote.VALID, 0
    elif note.copy and note.state == bootnote.NEW:
        note.state, note.starts = bootnote.PENDING, 0
    elif note.copy and cause == machine.WDT_RESET:
        pass  # it has proved itself, so the cause is outside, such as a flood
    elif cause != machine.PWRON_RESET:
        note.count_start()
        if note.copy and note.starts == _MAX_FAILED + 1:
            note.give_up()
    if note.copy and not is_whole(bootnote.COPIES[note.copy]):
        note.copy = 0


def _choose():
    """Record this start, and put its copy first on the path."""
    note, cause = bootnote.load(), machine.reset_cause()
    before = note.number()
    is_ours = note.image == bootnote.firmware()
    if cause not in (machine.SOFT_RESET, machine.DEEPSLEEP_RESET):  # the same start continues
        if is_ours:
            decide(note, cause, _open)
        elif cause != machine.PWRON_RESET:
            note.count_start()
    name = bootnote.COPIES[note.copy] if is_ours else ""
    changed = note.number() != before
    on_trial = name and note.state == bootnote.PENDING and changed
    if changed:
        try:
            bootnote.save(note)
        except OSError:
            if on_trial:  # the next start could not give it up
                return
    if on_trial:
        machine.WDT(timeout=_TRIAL_MS)  # it may hang before it feeds a watchdog of its own
    if name and note.starts < bootnote.SAFE_STARTS:
        try:
            _mount(name)
        except Exception as e:  # a failed start: the note leads to another copy
            sys.print_exception(e)
            machine.reset()


def _open(name):
    """Return a copy as a file system; None if it is missing or damaged."""
    if name not in _mountable:
        try:
            from hal.zipfs import ZipFS  # lazy import: most boards have no copy

            _mountable[name] = ZipFS(name + ".zip")
        except Exception:  # whatever it is, another copy may work
            _mountable[name] = None
    return _mountable[name]


def _mount(name):
    """Put a copy first on the path."""
    try:
        from vfs import mount
    except ImportError:  # MicroPython before 1.23
        from os import mount
    mount(_open(name), "/" + name)
    sys.path.insert(0, "/" + name)


def _finish_erasing():
    """Finish a factory reset (hal.chip.forget): no setting is left anywhere in flash.

    NVS only marks entries as erased, and Wi-Fi stores its own there, so the whole partition is
    erased. The file that requests the reset is removed last: a power cut repeats the reset.
    """
    try:
        with open(_ERASE) as file:
            names = file.read().split()
    except OSError:
        return
    for name in names:
        _wipe(name)
        _wipe(name + ".new")
    for name in bootnote.COPIES[1:] if bootnote else ():
        bootnote.remove(name)
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
    """Overwrite the free space: littlefs writes new data elsewhere, so old data stays there."""
    zeros = bytes(_BLOCK)
    try:
        with open(_ERASE + ".fill", "wb") as file:
            for _ in range(_MAX_BLOCKS):
                file.write(zeros)
    except OSError:  # full
        pass
    try:
        os.remove(_ERASE + ".fill")
    except OSError:  # there was not even room for its name
        pass


def _wipe(name):
    """Overwrite a file, then remove it; a missing file is ignored."""
    try:
        size = os.stat(name)[6]
        with open(name, "r+b") as file:
            for _ in range(0, size, 64):
                file.write(bytes(64))
        os.remove(name)
    except OSError:
        pass


try:
    _finish_erasing()
    if bootnote:
        _choose()
except (OSError, MemoryError) as e:  # main.py must run
    sys.print_exception(e)
finally:
    _mountable.clear()  # closes the archive that does not run, when it is collected
    for _module in _MODULES:  # a copy brings its own
        sys.modules.pop(_module, None)
