"""aio.deadline: bounded waits that allocate no memory each."""

import asyncio
import gc
import unittest

import suite
from fakes import clock, ended, run, until

from aio.deadline import Deadlines


async def wait_under(deadline, ms, sleep_ms):
    deadline.arm(ms)
    try:
        await asyncio.sleep_ms(sleep_ms)
        return "slept"
    except asyncio.CancelledError:
        return "expired" if deadline.expired else "cancelled"
    finally:
        deadline.disarm()


class TestDeadline(unittest.TestCase):
    def results(self, *scenarios):
        async def main():
            deadlines = Deadlines(5)
            checks = asyncio.create_task(deadlines.run())
            try:
                results = []
                for scenario in scenarios:
                    results.append(await scenario(deadlines))
                return results
            finally:
                await ended(checks)

        return run(main())

    def test_wait_that_takes_too_long_expires(self):
        async def late(deadlines):
            started = clock.now_ms()
            result = await wait_under(deadlines.new(), 1_000, 60_000)
            self.assertTrue(1_000 <= clock.now_ms() - started < 1_100)
            return result

        self.assertEqual(self.results(late), ["expired"])

    def test_wait_that_ends_in_time_does_not_expire(self):
        self.assertEqual(self.results(lambda d: wait_under(d.new(), 1_000, 900)), ["slept"])

    def test_disarmed_deadline_does_not_expire(self):
        async def scenario(deadlines):
            deadline = deadlines.new()
            deadline.arm(100)
            deadline.disarm()
            await asyncio.sleep_ms(1_000)
            return deadline.expired

        self.assertEqual(self.results(scenario), [False])

    def test_other_cancellation_is_not_an_expiry(self):
        async def scenario(deadlines):
            task = asyncio.create_task(wait_under(deadlines.new(), 10_000, 60_000))
            await asyncio.sleep_ms(10)
            task.cancel()
            return await task

        self.assertEqual(self.results(scenario), ["cancelled"])

    def test_expire_ends_only_the_current_wait(self):
        async def scenario(deadlines):
            deadline = deadlines.new()
            deadline.expire()  # no wait is active, and the next one is not affected
            first = await wait_under(deadline, 1_000, 500)
            task = asyncio.create_task(wait_under(deadline, 10_000, 60_000))
            await asyncio.sleep_ms(10)
            deadline.expire()
            second = await task
            return first, second, await wait_under(deadline, 1_000, 500)

        self.assertEqual(self.results(scenario), [("slept", "expired", "slept")])

    def test_dropped_deadline_is_not_checked(self):
        async def scenario(deadlines):
            deadline = deadlines.new()
            count = len(deadlines)
            deadlines.drop(deadline)
            deadlines.drop(deadline)
            return count, len(deadlines), await wait_under(deadline, 100, 1_000)

        self.assertEqual(self.results(scenario), [(1, 0, "slept")])

    def test_works_across_the_wrap_of_ticks(self):
        async def scenario(deadlines):
            clock.wrap_soon(500)
            started = clock.now_ms()
            result = await wait_under(deadlines.new(), 1_000, 60_000)
            self.assertTrue(1_000 <= clock.now_ms() - started < 1_100)
            return result

        self.assertEqual(self.results(scenario), ["expired"])

    def test_arming_makes_no_garbage(self):
        async def scenario(deadlines):
            deadline = deadlines.new()
            await until(lambda: True)
            gc.collect()
            before = gc.mem_alloc()
            for _ in range(100):
                deadline.arm(1_000)
                deadline.disarm()
            return gc.mem_alloc() - before

        # the simulated clock may allocate integers; a task for each wait would take 1 KB
        self.assertTrue(self.results(scenario)[0] < 100 * 256)


suite.main()
