"""Cancellation of tasks."""

import asyncio


async def finish(*tasks):
    """Cancel tasks and await their end; their errors are dropped."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        try:
            await task
        except (asyncio.CancelledError, Exception):
            pass
