"""Board's half of R2: tracks every task of the camera, and ends one with an error.

It runs before the application is imported.
"""

import asyncio

from aio import supervisor

_create, _keep = asyncio.create_task, supervisor.Supervisor._keep
tasks = []  # those that have not ended
components = {}  # name -> task of the supervisor


class Injected(Exception):
    """Error that nothing in the camera expects."""


def create_task(coroutine):
    task = _create(coroutine)
    tasks[:] = [each for each in tasks if not each.done()]
    tasks.append(task)
    return task


async def keep(self, name, component):
    components[name] = asyncio.current_task()
    await _keep(self, name, component)


def end(task):
    """Raise an error in a task, or in the task that it awaits: `cancel` with another exception."""
    while isinstance(task.data, type(task)):
        task = task.data
    task.cancel()
    task.data = Injected("injected")


def others():
    """Return the tasks that belong to a component, such as that of a connection."""
    ours = list(components.values()) + [asyncio.current_task()]
    return [task for task in tasks if not task.done() and task not in ours]


asyncio.create_task, supervisor.Supervisor._keep = create_task, keep
