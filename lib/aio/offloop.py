"""Blocking C calls (DNS, SNTP) outside the loop, in one thread at a time."""

import _thread
import asyncio


class OffLoop:
    """Runs a blocking call in a thread while the loop continues.

    A thread cannot be cancelled. When a caller gives up, its call continues, and the next caller
    waits until it ends, so a dead DNS server costs one thread and not one for each attempt.
    """

    def __init__(self, poll_ms=10):
        self._poll_ms = poll_ms
        self._busy = False

    async def call(self, function, *args):
        """Return the result of function(*args), or raise what it raised."""
        while self._busy:
            await asyncio.sleep_ms(self._poll_ms)
        self._busy = True
        outcome = [False, None, None]  # whether it is done, the error, the result
        try:
            _thread.start_new_thread(self._work, (outcome, function, args))
        except Exception:  # no memory for a stack
            self._busy = False
            raise
        while not outcome[0]:
            await asyncio.sleep_ms(self._poll_ms)
        if outcome[1]:
            raise outcome[1]
        return outcome[2]

    def _work(self, outcome, function, args):
        """Run the call in its thread; nothing is allocated to report its end."""
        try:
            outcome[2] = function(*args)
        except Exception as e:  # for the caller
            outcome[1] = e
        outcome[0] = True
        self._busy = False
