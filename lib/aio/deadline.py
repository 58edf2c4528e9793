"""Deadlines for waits that happen for every packet: armed and disarmed without allocating.

`asyncio.wait_for_ms` makes a task and about 1 KB of garbage each time.
"""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms


class Deadline:
    """Ends the wait of the one task that has armed it."""

    def __init__(self):
        self._task = None
        self._until = 0
        self.expired = False

    def arm(self, ms):
        """Limit the current task's wait to `ms` from now."""
        self.expired = False
        self._until = ticks_add(ticks_ms(), ms)
        self._task = asyncio.current_task()

    def disarm(self):
        self._task = None

    def expire(self):
        """End the wait at once; without a wait, do nothing."""
        task, self._task = self._task, None
        if task:
            self.expired = True
            task.cancel()

    def check(self, now):
        """Expire when `now` (ticks) is past the deadline."""
        if self._task and ticks_diff(self._until, now) <= 0:
            self.expire()


class Deadlines:
    """Checks all deadlines, every `tick_ms`."""

    def __init__(self, tick_ms=250):
        self._tick_ms = tick_ms
        self._all = []

    def __len__(self):
        return len(self._all)

    def new(self):
        """Return a new deadline, which is checked until `drop`."""
        deadline = Deadline()
        self._all.append(deadline)
        return deadline

    def drop(self, deadline):
        if deadline in self._all:
            self._all.remove(deadline)

    async def run(self):
        while True:
            await asyncio.sleep_ms(self._tick_ms)
            now = ticks_ms()
            for deadline in tuple(self._all):
                deadline.check(now)
