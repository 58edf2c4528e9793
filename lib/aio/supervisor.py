"""Starts the components that run for ever, and restarts those that fail."""

import asyncio
import sys

from config import limits


class Supervisor:
    """Runs components; restarts one that fails, after a backoff, and counts it.

    An exception of the class `fatal` in any component ends all of them: `run` raises it.
    """

    def __init__(self, log, new_backoff, fatal=(), healthy_ms=limits.COMPONENT_HEALTHY_MS):
        self._log = log
        self._new_backoff = new_backoff
        self._fatal = fatal
        self._healthy_ms = healthy_ms
        self._components = []
        self._ending = False
        self.restarts = {}  # name -> number of restarts
        self.last_error = ""

    def add(self, name, component):
        """Add a component; `run` will start `component.run()`."""
        self._components.append((name, component))
        self.restarts[name] = 0

    async def run(self):
        tasks = [asyncio.create_task(self._keep(*each)) for each in self._components]
        try:
            await asyncio.gather(*tasks)
        finally:
            self._ending = True
            for task in tasks:
                task.cancel()

    async def _keep(self, name, component):
        backoff = self._new_backoff()
        while True:
            started = asyncio.ticks()
            try:
                await component.run()
                return
            except self._fatal:
                raise
            except (Exception, asyncio.CancelledError) as e:
                # a CancelledError that no `cancel` of ours caused comes from a task of the
                # component: a failure like any other, which must not end the application
                if self._ending:
                    raise
                self._note(name, e)
            if asyncio.ticks_diff(asyncio.ticks(), started) > self._healthy_ms:
                backoff.reset()
            await asyncio.sleep_ms(backoff.next_ms())

    def _note(self, name, error):
        self.restarts[name] += 1
        try:
            self.last_error = "{}: {!r}".format(name, error)
            self._log.error(name, "failed and restarts: {!r}".format(error))
            sys.print_exception(error)
        except MemoryError:  # the restart matters more than its report
            pass
