"""Delays between attempts: growing, jittered, bounded."""

import random

from config import limits


class Backoff:
    """Delays of first_ms, 2 x first_ms, ... up to top_ms, each varied by up to 20 %."""

    def __init__(
        self,
        first_ms=limits.PAUSE_FIRST_MS,
        top_ms=limits.PAUSE_LONGEST_MS,
        rand=random.getrandbits,
    ):
        self._first_ms = first_ms
        self._top_ms = top_ms
        self._rand = rand
        self._ms = first_ms

    def next_ms(self):
        """Return the next delay in milliseconds, never above top_ms."""
        ms = self._ms
        self._ms = min(2 * ms, self._top_ms)
        return min(ms * (819 + self._rand(16) % 410) // 1024, self._top_ms)

    def reset(self):
        """Start again with first_ms, after a success."""
        self._ms = self._first_ms
