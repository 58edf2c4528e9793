"""aio.supervisor and aio.tasks: what fails starts again and is counted; the rest goes on."""

import asyncio
import unittest

from fakes import Backoff, Log, ended, outcome, run, until

from aio.supervisor import Supervisor
from aio.tasks import finish


class Component:
    """Works `work_ms`, then raises what is left of `errors`; at last it goes on for ever."""

    def __init__(self, *errors, work_ms=10, stays=True):
        self._errors = list(errors)
        self._work_ms = work_ms
        self._stays = stays
        self.starts = self.cleaned = 0

    async def run(self):
        self.starts += 1
        try:
            await asyncio.sleep_ms(self._work_ms)
            if self._errors:
                raise self._errors.pop(0)
            while self._stays:
                await asyncio.sleep_ms(1_000)
        finally:
            self.cleaned += 1


class TestSupervisor(unittest.TestCase):
    def story(self, tell, *components, backoff=None, **tunables):
        async def whole():
            log = Log()
            supervisor = Supervisor(log, backoff or Backoff(1_000), **tunables)
            for name, component in components:
                supervisor.add(name, component)
            task = asyncio.create_task(supervisor.run())
            try:
                await tell(supervisor, log)
            finally:
                await ended(task)

        run(whole())

    def test_failed_component_starts_again_and_is_counted(self):
        bad = Component(OSError("no"), ValueError("bug"), MemoryError())
        good = Component()

        async def tell(supervisor, log):
            await until(lambda: bad.starts == 4)
            await asyncio.sleep_ms(100_000)
            self.assertEqual((bad.starts, good.starts), (4, 1))
            self.assertEqual(supervisor.restarts, {"bad": 3, "good": 0})
            self.assertTrue(supervisor.last_error.startswith("bad: MemoryError"))
            self.assertEqual([who for who, _ in log.errors], ["bad"] * 3)
            self.assertTrue("bug" in log.errors[1][1])

        self.story(tell, ("bad", bad), ("good", good))
        self.assertEqual((bad.cleaned, good.cleaned), (4, 1))  # both were cancelled at the end

    def test_waits_the_backoff_and_forgets_it_after_a_healthy_time(self):
        backoff = Backoff(5_000)
        bad = Component(*[OSError()] * 5, work_ms=1_000)
        late = Component(OSError(), work_ms=61_000)

        async def tell(supervisor, log):
            await asyncio.sleep_ms(4_000)
            self.assertEqual(bad.starts, 1)
            await until(lambda: bad.starts == 6)
            self.assertEqual((backoff.nexts, backoff.resets), (5, 0))
            await until(lambda: late.starts == 2)
            self.assertEqual(backoff.resets, 1)

        self.story(tell, ("bad", bad), ("late", late), backoff=backoff)

    def test_one_that_has_nothing_more_to_do_is_not_started_again(self):
        short = Component(stays=False)
        good = Component()

        async def tell(supervisor, log):
            await asyncio.sleep_ms(100_000)
            self.assertEqual((short.starts, supervisor.restarts["short"]), (1, 0))
            self.assertEqual((good.starts, good.cleaned), (1, 0))

        self.story(tell, ("short", short), ("good", good))

    def test_each_component_has_its_own_backoff(self):
        made = []

        def new_backoff():
            made.append(Backoff(10))
            return made[-1]

        async def tell(supervisor, log):
            await asyncio.sleep_ms(10)
            self.assertEqual(len(made), 2)

        self.story(tell, ("a", Component()), ("b", Component()), backoff=new_backoff)


class TestFinish(unittest.TestCase):
    def test_afterwards_none_runs_any_more(self):
        async def story():
            components = [Component(), Component(OSError()), Component(stays=False)]
            tasks = [asyncio.create_task(c.run()) for c in components]
            await asyncio.sleep_ms(5)
            await finish(*tasks)
            await finish(*tasks)
            await finish()
            return [task.done() for task in tasks], [c.cleaned for c in components]

        self.assertEqual(run(story()), ([True] * 3, [1] * 3))

    def test_errors_are_dropped_whenever_they_come(self):
        async def story():
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

        self.assertTrue(run(story()))


unittest.main()
