"""Blocking C calls (DNS, SNTP) off the loop, in one thread at a time."""

import _thread
import asyncio


class OffLoop:
    """Runs a blocking call in a thread while the loop turns.

    A thread cannot be cancelled: a caller who gives up leaves it running, and the next one waits
    until it has ended, so that a dead DNS server costs one thread and not one a try.
    """

    def __init__(self, poll_ms=10):
        self._poll_ms = poll_ms
        self._busy = False

    async def call(self, function, *args):
        """The result of function(*args), or what it raised."""
        while self._busy:
            await asyncio.sleep_ms(self._poll_ms)
        self._busy = True
        box = []
        try:
            _thread.start_new_thread(self._work, (box, function, args))
        except Exception:  # no memory for a stack
            self._busy = False
            raise
        while not box:
            await asyncio.sleep_ms(self._poll_ms)
        error, result = box[0]
        if error:
            raise error
        return result

    def _work(self, box, function, args):
        try:
            box.append((None, function(*args)))
        except Exception as e:  # travels to the caller
            box.append((e, None))
        self._busy = False
