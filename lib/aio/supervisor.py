"""Starts what lives for ever, and starts it again when it fails."""

import asyncio
import sys


class Supervisor:
    """Runs components: a fault stays where it happened, is counted, and mends itself."""

    def __init__(self, log, new_backoff, healthy_ms=60_000):
        self._log = log
        self._new_backoff = new_backoff
        self._healthy_ms = healthy_ms
        self._components = []
        self.restarts = {}  # name -> how often it was started again
        self.last_error = ""

    def add(self, name, component):
        """`component.run()` is started by `run`."""
        self._components.append((name, component))
        self.restarts[name] = 0

    async def run(self):
        tasks = [asyncio.create_task(self._keep(*each)) for each in self._components]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def _keep(self, name, component):
        backoff = self._new_backoff()
        while True:
            started = asyncio.ticks()
            try:
                await component.run()
                return  # it had nothing more to do
            except Exception as e:
                self.restarts[name] += 1
                try:
                    self._note(name, e)
                except MemoryError:  # then not even that; it starts again all the same
                    pass
            if asyncio.ticks_diff(asyncio.ticks(), started) > self._healthy_ms:
                backoff.reset()
            await asyncio.sleep_ms(backoff.next_ms())

    def _note(self, name, error):
        self.last_error = "{}: {!r}".format(name, error)
        self._log.error(name, "failed, starts again: {!r}".format(error))
        sys.print_exception(error)
