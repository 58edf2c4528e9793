"""Ending tasks."""

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
