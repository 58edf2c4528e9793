"""A component that runs only while a setting is on, or once it is used."""

import asyncio

from aio.tasks import finish


class Switched:
    """Runs a component while `is_on()`, which makes it with `make()` when it is first needed.

    `running` is the component while it runs, else None.
    """

    def __init__(self, is_on, make):
        self._is_on = is_on
        self._make = make
        self._made = None
        self._task = None
        self._ends = False
        self._changed = asyncio.Event()
        self.running = None

    def use(self):
        """Return the component, made now at the latest; `is_on` may depend on `is_made`."""
        self._made = self._made or self._make()
        self._changed.set()
        return self._made

    def is_made(self):
        """Return True if the component was needed already."""
        return bool(self._made)

    def check(self):
        """Start or stop the component if `is_on()` has changed."""
        if not self._task:
            if self._is_on():
                self._changed.set()
        elif not self._is_on() and not self._ends:  # a second one would interrupt its end
            self._ends = True
            self._task.cancel()

    async def run(self):
        while True:
            while not self._is_on():
                self._changed.clear()
                await self._changed.wait()
            await self._run_once()

    async def _run_once(self):
        self._made = self._made or self._make()
        self._ends = False
        self._task = asyncio.create_task(self._made.run())
        self.running = self._made
        try:
            await self._task
        except asyncio.CancelledError:
            if not self._ends:
                raise
        finally:
            task, self._task, self.running = self._task, None, None
            await finish(task)
