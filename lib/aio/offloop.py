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
        results = []
        try:
            _thread.start_new_thread(self._work, (results, function, args))
        except Exception:  # no memory for a stack
            self._busy = False
            raise
        while not results:
            await asyncio.sleep_ms(self._poll_ms)
        error, result = results[0]
        if error:
            raise error
        return result

    def _work(self, results, function, args):
        try:
            results.append((None, function(*args)))
        except Exception as e:  # for the caller
            results.append((e, None))
        self._busy = False
