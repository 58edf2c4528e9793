"""aio.supervisor: a failed component is restarted and counted, and the others continue."""

import asyncio
import unittest

import suite
from fakes import Backoff, Log, ended, run, until

from aio.supervisor import Supervisor


class Component:
    """Works for `work_ms`, then raises the next of `errors`; without errors, it continues."""

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
    def run_case(self, scenario, *components, backoff=None, **tunables):
        async def main():
            log = Log()
            supervisor = Supervisor(log, backoff or Backoff(1_000), **tunables)
            for name, component in components:
                supervisor.add(name, component)
            task = asyncio.create_task(supervisor.run())
            try:
                await scenario(supervisor, log)
            finally:
                await ended(task)

        run(main())

    def test_failed_component_is_restarted_and_counted(self):
        bad = Component(OSError("no"), ValueError("bug"), MemoryError())
        good = Component()

        async def scenario(supervisor, log):
            await until(lambda: bad.starts == 4)
            await asyncio.sleep_ms(100_000)
            self.assertEqual((bad.starts, good.starts), (4, 1))
            self.assertEqual(supervisor.restarts, {"bad": 3, "good": 0})
            self.assertTrue(supervisor.last_error.startswith("bad: MemoryError"))
            self.assertEqual([who for who, _ in log.errors], ["bad"] * 3)
            self.assertTrue("bug" in log.errors[1][1])

        self.run_case(scenario, ("bad", bad), ("good", good))
        self.assertEqual((bad.cleaned, good.cleaned), (4, 1))  # both were cancelled at the end

    def test_backoff_is_reset_after_a_healthy_period(self):
        backoff = Backoff(5_000)
        bad = Component(*[OSError()] * 5, work_ms=1_000)
        late = Component(OSError(), work_ms=61_000)

        async def scenario(supervisor, log):
            await asyncio.sleep_ms(4_000)
            self.assertEqual(bad.starts, 1)
            await until(lambda: bad.starts == 6)
            self.assertEqual((backoff.nexts, backoff.resets), (5, 0))
            await until(lambda: late.starts == 2)
            self.assertEqual(backoff.resets, 1)

        self.run_case(scenario, ("bad", bad), ("late", late), backoff=backoff)

    def test_fatal_error_ends_all(self):
        class Fatal(MemoryError):
            pass

        bad, good = Component(MemoryError(), Fatal()), Component()

        async def main():
            supervisor = Supervisor(Log(), Backoff(1_000), Fatal)
            supervisor.add("bad", bad)
            supervisor.add("good", good)
            await supervisor.run()

        with self.assertRaises(Fatal):
            run(main())
        self.assertEqual((bad.starts, good.starts, good.cleaned), (2, 1, 1))

    def test_component_that_returns_is_not_restarted(self):
        short = Component(stays=False)
        good = Component()

        async def scenario(supervisor, log):
            await asyncio.sleep_ms(100_000)
            self.assertEqual((short.starts, supervisor.restarts["short"]), (1, 0))
            self.assertEqual((good.starts, good.cleaned), (1, 0))

        self.run_case(scenario, ("short", short), ("good", good))

    def test_cancelled_task_of_a_component_is_a_failure(self):
        class Awaiting(Component):
            async def run(self):
                task = asyncio.create_task(Component().run())
                if not self.starts:
                    task.cancel()
                self.starts += 1
                try:
                    await task  # raises CancelledError
                finally:
                    await ended(task)

        bad, good = Awaiting(), Component()

        async def scenario(supervisor, log):
            await asyncio.sleep_ms(100_000)
            self.assertEqual((bad.starts, good.starts, good.cleaned), (2, 1, 0))
            self.assertEqual(supervisor.restarts, {"bad": 1, "good": 0})
            self.assertTrue("CancelledError" in supervisor.last_error)

        self.run_case(scenario, ("bad", bad), ("good", good))

    def test_cancelled_supervisor_restarts_nothing(self):
        class Stubborn(Component):
            async def run(self):
                try:
                    await super().run()
                except asyncio.CancelledError:
                    raise OSError("while it cleans up") from None

        stubborn = Stubborn()

        async def main():
            supervisor = Supervisor(Log(), Backoff(1_000))
            supervisor.add("stubborn", stubborn)
            task = asyncio.create_task(supervisor.run())
            await asyncio.sleep_ms(1_000)
            await ended(task)
            await asyncio.sleep_ms(100_000)

        run(main())
        self.assertEqual((stubborn.starts, stubborn.cleaned), (1, 1))

    def test_each_component_has_its_own_backoff(self):
        made = []

        def new_backoff():
            made.append(Backoff(10))
            return made[-1]

        async def scenario(supervisor, log):
            await asyncio.sleep_ms(10)
            self.assertEqual(len(made), 2)

        self.run_case(scenario, ("a", Component()), ("b", Component()), backoff=new_backoff)


suite.main()
