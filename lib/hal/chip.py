"""The chip itself: identity, restart, watchdog, memory."""

import gc

import machine

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
    """Restart at once, through the bootloader."""
    machine.reset()


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
