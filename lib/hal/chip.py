"""The chip itself: identity, restart, watchdog, memory."""

import gc
import os

import esp32
import machine
from micropython import const

from hal import bootnote

_INTERNAL = const(1 << 11 | 1 << 2)  # MALLOC_CAP_INTERNAL and MALLOC_CAP_8BIT of ESP-IDF
WOKEN = "deep sleep"  # of `reset_cause`
FAMILY = "ESP32"  # as esptool and ESP Web Tools name it

_CAUSES = {
    machine.PWRON_RESET: "power on",
    machine.HARD_RESET: "restart",
    machine.WDT_RESET: "watchdog",
    machine.DEEPSLEEP_RESET: WOKEN,
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
    if note.starts < bootnote.SAFE_STARTS:  # safe mode goes well, whatever is wrong
        _save(bootnote.save_attempts, 0)
    if note.starts:
        note.starts = 0
        _save(bootnote.save, note)


def attempts():
    """Return how many normal starts safe mode has tried since the last one that went well."""
    return bootnote.attempts()


def attempt():
    """Restart from safe mode to try a normal start; if that one fails, safe mode is next."""
    note = bootnote.load()
    note.starts = bootnote.SAFE_STARTS - 2  # boot.py counts the next start
    _save(bootnote.save, note)
    _save(bootnote.save_attempts, bootnote.attempts() + 1)
    machine.reset()


def _save(save, value):
    try:
        save(value)
    except OSError:  # no room: this start counts as failed
        pass


def count_start_without_wifi():
    """Return how many starts in a row failed before this one, 0 to 5; safe mode is never due.

    They count like other failed starts, so boot.py may choose another copy, which may take less
    memory. Safe mode would not help: it has no pictures, which come long after Wi-Fi, and it would
    still have none once Wi-Fi starts.
    """
    note = bootnote.load()
    most = bootnote.SAFE_STARTS - 1
    if note.starts >= most:
        note.starts = most - 1  # boot.py counts the next start
        _save(bootnote.save, note)
        return most
    return note.starts


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


def internal_bytes():
    """Return the free bytes of the chip's own RAM outside the heap, and of its largest block.

    Wi-Fi, connections, threads and, without PSRAM, TLS and a growing heap live on it.
    """
    regions = esp32.idf_heap_info(_INTERNAL)  # (total, free, largest free block, lowest free)
    return sum(r[1] for r in regions), max(r[2] for r in regions)


class Watchdog:
    """The hardware watchdog (machine.WDT); nothing stops it once it is made."""

    def __init__(self, timeout_ms):
        self._wdt = machine.WDT(timeout=timeout_ms)

    def feed(self):
        self._wdt.feed()
