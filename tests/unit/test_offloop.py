"""aio.offloop: blocking calls in threads while the event loop continues."""

import asyncio
import time
import unittest

import suite

from aio.offloop import OffLoop


def run(work):  # in real time because threads cannot use simulated time
    asyncio.new_event_loop()
    return asyncio.run(asyncio.wait_for(work, 5))


class TestOffLoop(unittest.TestCase):
    def test_result_and_arguments(self):
        self.assertEqual(run(OffLoop(1).call(divmod, 17, 5)), (3, 2))

    def test_error_reaches_the_caller_and_the_next_call_works(self):
        async def scenario():
            off_loop = OffLoop(1)
            with self.assertRaises(ZeroDivisionError):
                await off_loop.call(divmod, 1, 0)
            return await off_loop.call(divmod, 4, 2)

        self.assertEqual(run(scenario()), (2, 0))

    def test_loop_continues_during_a_call(self):
        async def scenario():
            turns = 0
            task = asyncio.create_task(OffLoop(1).call(time.sleep_ms, 100))
            while not task.done():
                turns += 1
                await asyncio.sleep_ms(1)
            await task
            return turns

        self.assertTrue(run(scenario()) > 10)

    def test_many_calls_run_one_at_a_time(self):
        async def scenario():
            off_loop = OffLoop(1)
            inside, most = [], []

            def work(n):
                inside.append(n)
                most.append(len(inside))
                time.sleep_ms(2)
                inside.remove(n)
                return n

            tasks = [asyncio.create_task(off_loop.call(work, n)) for n in range(10)]
            results = []
            for task in tasks:
                results.append(await task)
            return results, max(most)

        self.assertEqual(run(scenario()), (list(range(10)), 1))

    def test_next_call_waits_for_an_abandoned_one(self):
        async def scenario():
            off_loop = OffLoop(1)
            done = []

            def slow():
                time.sleep_ms(100)
                done.append("slow")

            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for_ms(off_loop.call(slow), 10)
            self.assertEqual(done, [])
            await off_loop.call(done.append, "next")
            return done

        self.assertEqual(run(scenario()), ["slow", "next"])


suite.main()
