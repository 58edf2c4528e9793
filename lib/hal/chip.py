"""The chip itself: identity, restart, watchdog, memory."""

import gc
import os

import machine

from hal import bootnote

FAMILY = "ESP32"  # as esptool and ESP Web Tools name it

_CAUSES = {
    machine.PWRON_RESET: "power on",
    machine.HARD_RESET: "restart",
    machine.WDT_RESET: "watchdog",
    machine.DEEPSLEEP_RESET: "deep sleep",
    machine.SOFT_RESET: "soft reset",
}


def mac():
    """Return the six bytes of the station's MAC address (the base MAC in efuse)."""
    return machine.unique_id()


def reset():
    """Restart at once, through the bootloader; boot.py does not count it as a failure."""
    healthy()
    machine.reset()


def healthy():
    """Record that this start works: boot.py forgets the failed starts before it."""
    note = bootnote.load()
    if note.starts:
        note.starts = 0
        try:
            bootnote.save(note)
        except OSError:  # no room: this start counts as failed
            pass


def forget(files):
    """Let boot.py erase NVS and these files at the next start, even after a power cut."""
    with open("erase.new", "w") as f:
        f.write(" ".join(files))
    os.rename("erase.new", "erase")


def reset_cause():
    """Return the reason for the last start as text."""
    return _CAUSES.get(machine.reset_cause(), "unknown")


def free_bytes():
    """Return the free heap of MicroPython in bytes, after a collection."""
    gc.collect()
    return gc.mem_free()


class Watchdog:
    """The hardware watchdog (machine.WDT); nothing stops it once it is made."""

    def __init__(self, timeout_ms):
        self._wdt = machine.WDT(timeout=timeout_ms)

    def feed(self):
        self._wdt.feed()
