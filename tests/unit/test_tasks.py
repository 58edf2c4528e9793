"""aio.tasks: cancellation of tasks."""

import asyncio
import unittest

import suite
from fakes import outcome, run

from aio.tasks import finish


class Component:
    """Runs forever, or raises `error` at once."""

    def __init__(self, error=None, stays=True):
        self._error = error
        self._stays = stays
        self.cleaned = 0

    async def run(self):
        try:
            if self._error:
                raise self._error
            while self._stays:
                await asyncio.sleep_ms(1_000)
        finally:
            self.cleaned += 1


class TestFinish(unittest.TestCase):
    def test_ends_all_tasks_and_can_be_repeated(self):
        async def scenario():
            components = [Component(), Component(OSError()), Component(stays=False)]
            tasks = [asyncio.create_task(c.run()) for c in components]
            await asyncio.sleep_ms(5)
            await finish(*tasks)
            await finish(*tasks)
            await finish()
            return [task.done() for task in tasks], [c.cleaned for c in components]

        self.assertEqual(run(scenario()), ([True] * 3, [1] * 3))

    def test_early_and_late_errors_are_dropped(self):
        async def scenario():
            component = Component(ValueError("early"))
            task = asyncio.create_task(component.run())

            async def cancelled_badly():
                try:
                    await asyncio.sleep_ms(10_000)
                finally:
                    raise OSError("late")

            late = asyncio.create_task(cancelled_badly())
            self.assertIsInstance(await outcome(task), ValueError)
            await finish(task, late)
            return late.done()

        self.assertTrue(run(scenario()))


suite.main()
