"""app.memory: how often the heap is measured, and the end of a start without memory."""

import asyncio
import unittest

import suite
from fakes import clock, ended, outcome, run

from app import memory


class Chip:
    def __init__(self, free):
        self.free = free
        self.measured_s = []

    def free_bytes(self):
        self.measured_s.append(clock.now_ms() // 1_000)
        return self.free


class TestMemory(unittest.TestCase):
    def setUp(self):
        self._has_room = memory._has_room

    def tearDown(self):
        memory._has_room = self._has_room

    def measured(self, free, seconds):
        """Return how often a heap is measured, after the first time."""

        async def main():
            chip = Chip(free)
            component = memory.Memory(chip)
            self.assertEqual(component.measure(), free)
            task = asyncio.create_task(component.run())
            await asyncio.sleep_ms(1_000 * seconds)
            await ended(task)
            return len(chip.measured_s) - 1

        return run(main())

    def test_large_heap_is_measured_every_five_minutes(self):
        self.assertEqual(self.measured(4_000_000, 1_000), 3)

    def test_small_heap_is_measured_every_eight_seconds(self):
        self.assertEqual(self.measured(100_000, 82), 10)

    def ends(self, *rooms):
        """Return (exception, seconds) of the run with these results of `_has_room`."""
        found = list(rooms)

        async def main():
            memory._has_room = lambda: found.pop(0) if found else True
            started = clock.now_ms()
            component = memory.Memory(Chip(500))
            error = await outcome(asyncio.wait_for(component.run(), 200))
            return type(error), (clock.now_ms() - started) // 1_000

        return run(main())

    def test_memory_that_stays_short_ends_the_start_within_half_a_minute(self):
        self.assertEqual(self.ends(False, False, False), (memory.Exhausted, 24))

    def test_memory_that_comes_back_does_not(self):
        self.assertEqual(self.ends(False, False, True, False, False)[0], asyncio.TimeoutError)


suite.main()
