"""Tasks that end, and what has ended already."""

import asyncio


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
