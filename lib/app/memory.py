"""The free memory that status and telemetry report."""

import asyncio

from micropython import const

_EVERY_MS = const(300_000)


class Memory:
    """Measures the free heap every five minutes; in between, reports repeat the last figure.

    Measuring needs a collection, which takes the chip 26 to 53 ms and stops everything else.
    """

    def __init__(self, chip, every_ms=_EVERY_MS):
        self._chip = chip
        self._every_ms = every_ms
        self.free_bytes = 0  # as last measured

    def measure(self):
        """Return the free heap in bytes, garbage not included."""
        self.free_bytes = self._chip.free_bytes()
        return self.free_bytes

    async def run(self):
        while True:
            await asyncio.sleep_ms(self._every_ms)
            self.measure()
