"""Failures of the camera in a row, which readers see only after a while."""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms


class Tolerance:
    """Knows since when captures have failed; `exceeded` after `limit_ms`."""

    def __init__(self, limit_ms):
        self._limit_ms = limit_ms
        self._since = None

    @property
    def failing(self):
        """True if the last capture has failed."""
        return self._since is not None

    @property
    def exceeded(self):
        return self.failing and ticks_diff(ticks_ms(), self._since) > self._limit_ms

    async def wait(self, changed):
        """Wait for the event, or until `exceeded`: the next capture may be 30 s away."""
        if not self.failing:
            await changed.wait()
            return
        left_ms = self._limit_ms - ticks_diff(ticks_ms(), self._since)
        try:
            await asyncio.wait_for_ms(changed.wait(), max(0, left_ms) + 1)
        except asyncio.TimeoutError:
            pass

    def note_failure(self):
        now = ticks_ms()
        if self._since is None:
            self._since = now
        elif self.exceeded:  # keep it so: ticks compare only up to 6 days apart
            self._since = ticks_add(now, -self._limit_ms - 1)

    def end(self):
        """Note a good picture, or that no captures are wanted."""
        self._since = None
