"""app.watchdog: fed only while the event loop runs."""

import asyncio
import unittest

import suite
from fakes import Log, clock, ended, run

from app.watchdog import SAFE_MODE, Feeder, SafeMode


class Watchdog:
    def __init__(self):
        self.fed = []

    def feed(self):
        self.fed.append(clock.now_ms())


class TestFeeder(unittest.TestCase):
    def test_feeds_often_enough_for_30_s(self):
        async def scenario():
            watchdog = Watchdog()
            healthy = []
            feeder = Feeder(watchdog, lambda: healthy.append(clock.now_ms()))
            task = asyncio.create_task(feeder.run())
            await asyncio.sleep_ms(50_000)
            self.assertEqual(healthy, [])
            await asyncio.sleep_ms(550_000)
            self.assertEqual(len(healthy), 1)
            await ended(task)
            count = len(watchdog.fed)
            await asyncio.sleep_ms(60_000)
            self.assertEqual(len(watchdog.fed), count)
            return [b - a for a, b in zip(watchdog.fed, watchdog.fed[1:])]

        gaps = run(scenario())
        self.assertTrue(len(gaps) > 60 and max(gaps) < 10_000, gaps[:5])


class Parts:
    """Stands in for frames, camera, clock, restart and updater."""

    def __init__(self, job=None):
        self.paused = self.reason = ""
        self.job = job
        self.set = asyncio.Event()
        self.attempts_s = []

    async def pause(self, reason):
        self.paused = reason

    def iso_if_set(self, in_s):
        return "in {} s".format(in_s) if self.set.is_set() else None

    def attempt(self):
        self.attempts_s.append(clock.now_ms() // 1_000)


class TestSafeMode(unittest.TestCase):
    def waited_s(self, attempts, job=None, job_s=0):
        """Return (seconds until the normal start, the parts, the log)."""

        async def main():
            parts, log = Parts(job), Log()
            started_s = clock.now_ms() // 1_000
            task = asyncio.create_task(SafeMode(*(parts,) * 5, attempts, log).run())
            await asyncio.sleep_ms(1_000 * job_s)
            self.assertTrue(not job or parts.attempts_s == [])
            parts.job = None
            await task
            self.assertEqual(len(parts.attempts_s), 1)
            return parts.attempts_s[0] - started_s, parts, log

        return run(main(), 10_000)

    def test_stops_the_camera_with_a_reason(self):
        _, parts, log = self.waited_s(0)
        self.assertEqual((parts.paused, parts.reason), (SAFE_MODE, SAFE_MODE))
        self.assertIn(
            SAFE_MODE + ": no pictures. A normal start follows in 5 min", log.errors[0][1]
        )

    def test_normal_start_after_5_minutes_and_after_three_attempts_after_an_hour(self):
        waited = [self.waited_s(attempts)[0] for attempts in range(5)]
        self.assertEqual(waited, [300, 300, 300, 3_600, 3_600])

    def test_update_ends_first(self):
        self.assertTrue(400 <= self.waited_s(0, job="upload", job_s=400)[0] <= 402)

    def test_time_of_the_end_is_shown_once_it_is_known(self):
        parts = Parts()
        safe_mode = SafeMode(*(parts,) * 5, 0, Log())
        self.assertEqual(str(safe_mode), SAFE_MODE + ": normal start in 300 s")
        self.assertEqual(safe_mode.ends(), None)
        safe_mode.left_s = 7
        parts.set.set()
        self.assertEqual(str(safe_mode), SAFE_MODE + ": normal start in 7 s, at in 7 s")


suite.main()
