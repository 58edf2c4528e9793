"""Rate of the simulated network: stopped, unlimited or limited."""

import asyncio
import time

from relay import CHUNK

_PACKET = 1_460


class Pace:
    """Callable that delays each chunk of data; all connections share the bandwidth.

    Limitation: latency also limits the throughput of a connection, because each chunk waits for
    the one before it.
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
        """Pass packets, or stop them."""
        (self._flow.set if on else self._flow.clear)()

    @property
    def step(self):
        """Maximum chunk size in bytes."""
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
        """Set the rate in kilobits per second (None: no limit) and the latency."""
        self._rate_kbps = rate_kbps
        self._latency_s = latency_ms / 1000
