"""aio.tasks: free it costs one call; taken it is asyncio's."""

import asyncio
import unittest

from fakes import run

from aio.tasks import Lock


class TestLock(unittest.TestCase):
    def test_take_succeeds_once_until_released(self):
        lock = Lock()
        self.assertEqual([lock.take(), lock.take()], [True, False])
        lock.release()
        self.assertTrue(lock.take())

    def test_who_waits_gets_it_in_order_and_nobody_between(self):
        async def story():
            lock = Lock()
            order = []

            async def wait(n):
                await lock.acquire()
                order.append(n)
                await asyncio.sleep_ms(10)
                lock.release()

            self.assertTrue(lock.take())
            tasks = [asyncio.create_task(wait(n)) for n in range(3)]
            await asyncio.sleep_ms(1)
            lock.release()
            self.assertFalse(lock.take())  # it is the first waiter's already
            for task in tasks:
                await task
            self.assertTrue(lock.take())
            return order

        self.assertEqual(run(story()), [0, 1, 2])

    def test_async_with_still_works(self):
        async def story():
            lock = Lock()
            async with lock:
                self.assertFalse(lock.take())
            return lock.take()

        self.assertTrue(run(story()))


unittest.main()
