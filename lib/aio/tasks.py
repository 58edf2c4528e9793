"""Tasks that end, what has ended already, and a lock that costs nothing while it is free."""

import asyncio
from asyncio.lock import Lock as _Lock


async def finish(*tasks):
    """Cancel and await: afterwards none of them runs any more. Their errors are dropped."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        try:
            await task
        except (asyncio.CancelledError, Exception):
            pass


NOTHING = ()  # awaited at once: what a function returns that has nothing left to wait for


class Lock(_Lock):
    """asyncio's; `async with` on it makes three coroutines, half a KB, for every packet."""

    def take(self):
        """Lock it at once, if that is possible: True. Else the caller awaits `acquire`."""
        if self.state:
            return False
        self.state = 1
        return True
