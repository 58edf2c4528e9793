"""The firmware's event loop: a count of its tasks, and ticks of its own.

The interpreter's queue of tasks is C code whose ticks wrap after 2**62 ms on a PC, so the loop
must not use the ticks of time.py.
"""

import asyncio
from asyncio import core

import utime

_create = core.create_task
_created = []  # tasks, without those that were found to have ended
_SPARE = 8  # ended tasks that are kept with their memory, until they are forgotten
_most = _SPARE


def _counted(coroutine):
    """Create a task; forget ended ones now and then, because not every program counts them."""
    global _most
    task = _create(coroutine)
    _created.append(task)
    if len(_created) > _most:
        _most = count() + _SPARE
    return task


def count():
    """Return the number of tasks that have not ended, whatever they wait for."""
    at = len(_created)
    while at:
        at -= 1
        if _created[at].done():
            _created[at] = _created[-1]
            _created.pop()
    return len(_created)


for _module in (asyncio, core):
    _module.create_task = _counted
    _module.ticks, _module.ticks_add = utime.ticks_ms, utime.ticks_add
    _module.ticks_diff = utime.ticks_diff
