"""How fast the air carries bytes: not at all, as fast as the PC, or as a slow line."""

import asyncio
import time

from relay import CHUNK

_PACKET = 1_460


class Pace:
    """Called before each piece of a connection is passed on; all connections share the line.

    Not exact: a delay also limits the throughput of a connection, as no piece overtakes another.
    """

    def __init__(self):
        self._flow = asyncio.Event()
        self._rate_kbps = None
        self._latency_s = 0
        self._line_free = 0

    @property
    def flowing(self):
        return self._flow.is_set()

    def flow(self, on):
        """Let packets through, or hold them back."""
        (self._flow.set if on else self._flow.clear)()

    @property
    def step(self):
        """Most bytes to pass on at once."""
        return _PACKET if self._rate_kbps else CHUNK

    async def __call__(self, size):
        await self._flow.wait()
        if self._rate_kbps and size:
            now = time.monotonic()
            self._line_free = max(self._line_free, now) + size / (125 * self._rate_kbps)
            await asyncio.sleep(self._line_free - now)
        if self._latency_s:
            await asyncio.sleep(self._latency_s)

    def controls(self):
        return {"net": self.change}

    def change(self, rate_kbps=None, latency_ms=0):
        """Slow every relayed byte down: kilobits a second (None: no limit) and a delay."""
        self._rate_kbps = rate_kbps
        self._latency_s = latency_ms / 1000
