"""aio.deadline: waits that end, without garbage for each of them."""

import asyncio
import gc
import unittest

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
    def go(self, *stories):
        async def all_of_them():
            deadlines = Deadlines(5)
            looks = asyncio.create_task(deadlines.run())
            try:
                results = []
                for story in stories:
                    results.append(await story(deadlines))
                return results
            finally:
                await ended(looks)

        return run(all_of_them())

    def test_ends_a_wait_that_takes_too_long(self):
        async def late(deadlines):
            started = clock.now_ms()
            result = await wait_under(deadlines.new(), 1_000, 60_000)
            self.assertTrue(1_000 <= clock.now_ms() - started < 1_100)
            return result

        self.assertEqual(self.go(late), ["expired"])

    def test_leaves_a_wait_that_is_in_time(self):
        self.assertEqual(self.go(lambda d: wait_under(d.new(), 1_000, 900)), ["slept"])

    def test_disarmed_it_ends_nothing(self):
        async def story(deadlines):
            deadline = deadlines.new()
            deadline.arm(100)
            deadline.disarm()
            await asyncio.sleep_ms(1_000)
            return deadline.expired

        self.assertEqual(self.go(story), [False])

    def test_another_cancel_is_not_an_expiry(self):
        async def story(deadlines):
            task = asyncio.create_task(wait_under(deadlines.new(), 10_000, 60_000))
            await asyncio.sleep_ms(10)
            task.cancel()
            return await task

        self.assertEqual(self.go(story), ["cancelled"])

    def test_expire_ends_the_wait_at_once_and_only_that_one(self):
        async def story(deadlines):
            deadline = deadlines.new()
            deadline.expire()  # nobody waits: the next wait is not touched
            first = await wait_under(deadline, 1_000, 500)
            task = asyncio.create_task(wait_under(deadline, 10_000, 60_000))
            await asyncio.sleep_ms(10)
            deadline.expire()
            second = await task
            return first, second, await wait_under(deadline, 1_000, 500)

        self.assertEqual(self.go(story), [("slept", "expired", "slept")])

    def test_dropped_it_is_looked_after_no_more(self):
        async def story(deadlines):
            deadline = deadlines.new()
            count = len(deadlines)
            deadlines.drop(deadline)
            deadlines.drop(deadline)
            return count, len(deadlines), await wait_under(deadline, 100, 1_000)

        self.assertEqual(self.go(story), [(1, 0, "slept")])

    def test_holds_over_the_wrap_of_ticks(self):
        async def story(deadlines):
            clock.wrap_soon(500)
            started = clock.now_ms()
            result = await wait_under(deadlines.new(), 1_000, 60_000)
            self.assertTrue(1_000 <= clock.now_ms() - started < 1_100)
            return result

        self.assertEqual(self.go(story), ["expired"])

    def test_arming_makes_no_garbage(self):
        async def story(deadlines):
            deadline = deadlines.new()
            await until(lambda: True)
            gc.collect()
            before = gc.mem_alloc()
            for _ in range(100):
                deadline.arm(1_000)
                deadline.disarm()
            return gc.mem_alloc() - before

        # the fake clock's own numbers may cost a little, a task each time would cost 1 KB
        self.assertTrue(self.go(story)[0] < 100 * 256)


unittest.main()
