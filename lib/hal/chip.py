"""The chip itself: identity, restart, watchdog, memory."""

import gc
import os

import esp32
import machine
from micropython import const

_STARTS = const(7 << 6)  # of the note that boot.py keeps
_CAUSES = {
    machine.PWRON_RESET: "power on",
    machine.HARD_RESET: "restart",
    machine.WDT_RESET: "watchdog",
    machine.DEEPSLEEP_RESET: "deep sleep",
    machine.SOFT_RESET: "soft reset",
}


def mac():
    """The six bytes of the station's MAC address (the base MAC in efuse)."""
    return machine.unique_id()


def reset():
    """Restart at once, through the bootloader, and not because something failed."""
    healthy()
    machine.reset()


def healthy():
    """Tell boot.py that this start has come to something: what failed before is forgotten."""
    nvs = esp32.NVS("boot")
    try:
        note = nvs.get_i32("app")
        if note & _STARTS:
            nvs.set_i32("app", note & ~_STARTS)
            nvs.commit()
    except OSError:  # there is no note, or no room: then it counts as one that failed
        pass


def forget(files):
    """Have the next start erase NVS and some files, whatever happens meanwhile (boot.py)."""
    with open("erase.new", "w") as f:
        f.write(" ".join(files))
    os.rename("erase.new", "erase")


def reset_cause():
    """Why the chip started last, in words."""
    return _CAUSES.get(machine.reset_cause(), "unknown")


def free_bytes():
    """Free heap of MicroPython, in bytes, after a collection."""
    gc.collect()
    return gc.mem_free()


class Watchdog:
    """The hardware watchdog: once made it cannot be stopped (machine.WDT)."""

    def __init__(self, timeout_ms):
        self._wdt = machine.WDT(timeout=timeout_ms)

    def feed(self):
        self._wdt.feed()
