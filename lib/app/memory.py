"""Measures the free memory for status and telemetry; ends a start whose memory is used up."""

import asyncio

from micropython import const

from config import limits

_EVERY_MS = const(300_000)
_OFTEN_MS = const(8_000)
_SMALL = const(262_144)  # bytes; less is free only on a small heap, or for a short time
_LEAST = const(1_024)  # bytes in one piece, without which nothing can be served


class Exhausted(MemoryError):
    """Memory is used up, so restarting a component does not help."""


class Memory:
    """Measures the free heap every five minutes; in between, reports repeat the last figure.

    Measuring needs a collection, which takes the chip 26 to 53 ms and stops everything else.
    While less than 256 KB is free, it measures every eight seconds.
    """

    def __init__(self, chip, every_ms=_EVERY_MS, often_ms=_OFTEN_MS):
        self._chip = chip
        self._every_ms = every_ms
        self._often_ms = often_ms
        self._short = 0  # measurements in a row that found no memory
        self.free_bytes = 0  # as last measured

    def measure(self):
        """Return the free heap in bytes, garbage not included."""
        self.free_bytes = self._chip.free_bytes()
        return self.free_bytes

    async def run(self):
        """Measure for ever; raises Exhausted once memory has been short for some time."""
        while True:
            await asyncio.sleep_ms(self._often_ms if self.free_bytes < _SMALL else self._every_ms)
            self.measure()
            self._short = 0 if _has_room() else self._short + 1
            if self._short * self._often_ms >= limits.MEMORY_SHORT_MS:
                raise Exhausted("memory is used up")


def _has_room():
    try:
        bytearray(_LEAST)
        return True
    except MemoryError:
        return False
