"""aio.switched: a component that runs only while a setting is on."""

import asyncio
import unittest

import suite
from fakes import ended, outcome, run, until

from aio.switched import Switched


class Component:
    """Runs until it is cancelled, or raises `fault`; its end takes `ending_s`."""

    def __init__(self):
        self.runs = self.ends = self.ending_s = 0
        self.fault = None

    async def run(self):
        self.runs += 1
        try:
            if self.fault:
                raise self.fault
            await asyncio.sleep(1_000)
        finally:
            await asyncio.sleep(self.ending_s)
            self.ends += 1


class TestSwitched(unittest.TestCase):
    def run_case(self, scenario):
        self.on = False
        self.made = []

        def make():
            self.made.append(Component())
            return self.made[-1]

        async def main():
            switched = Switched(lambda: self.on, make)
            await scenario(switched)

        run(main())

    def test_follows_the_setting(self):
        async def scenario(switched):
            task = asyncio.create_task(switched.run())
            await asyncio.sleep(1)
            self.assertEqual((self.made, switched.running), ([], None))
            for n in range(1, 4):
                self.on = True
                switched.check()
                await until(lambda: switched.running, "running")
                switched.check()  # another setting has changed
                await asyncio.sleep(1)
                self.assertEqual((self.made[0].runs, self.made[0].ends), (n, n - 1))
                self.on = False
                switched.check()
                await until(lambda: not switched.running, "the end")
                self.assertEqual(self.made[0].ends, n)
            self.assertEqual(len(self.made), 1)
            await ended(task)

        self.run_case(scenario)

    def test_use_makes_it_once_and_runs_it(self):
        async def scenario(_):
            made = []

            def make():
                made.append(Component())
                return made[-1]

            switched = Switched(lambda: switched.is_made(), make)
            task = asyncio.create_task(switched.run())
            await asyncio.sleep(1)
            self.assertEqual((made, switched.is_made(), switched.running), ([], False, None))
            component = switched.use()
            await until(lambda: switched.running is component, "running")
            self.assertTrue(switched.use() is component)
            await asyncio.sleep(1)
            self.assertEqual((len(made), component.runs, component.ends), (1, 1, 0))
            await ended(task)

        self.run_case(scenario)

    def test_off_and_on_at_once(self):
        async def scenario(switched):
            self.on = True
            task = asyncio.create_task(switched.run())
            await until(lambda: switched.running, "running")
            for on in (False, True):
                self.on = on
                switched.check()
            await until(lambda: self.made[0].runs == 2, "a second run")
            await ended(task)
            self.assertEqual((self.made[0].ends, switched.running), (2, None))

        self.run_case(scenario)

    def test_a_change_while_it_ends_does_not_interrupt_that(self):
        async def scenario(switched):
            self.on = True
            task = asyncio.create_task(switched.run())
            await until(lambda: switched.running, "running")
            self.made[0].ending_s = 5
            for on in (False, False, True, False):  # other settings change, too
                self.on = on
                switched.check()
                await asyncio.sleep(1)
            self.assertEqual(self.made[0].ends, 0)
            await until(lambda: not switched.running, "the end")
            self.assertEqual((self.made[0].runs, self.made[0].ends), (1, 1))
            await ended(task)

        self.run_case(scenario)

    def test_a_fault_reaches_the_supervisor(self):
        async def scenario(switched):
            self.on = True
            task = asyncio.create_task(switched.run())
            await until(lambda: switched.running, "running")
            await ended(task)
            self.made[0].fault = OSError(112)
            error = await outcome(switched.run())
            self.assertEqual((type(error), switched.running), (OSError, None))

        self.run_case(scenario)


suite.main()
