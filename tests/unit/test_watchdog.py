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


class Camera:
    """Stands in for frames and camera; records the reason for a pause."""

    paused = ""
    reason = ""

    async def pause(self, reason):
        self.paused = reason


class TestSafeMode(unittest.TestCase):
    def test_stops_the_camera_with_a_reason(self):
        camera, log = Camera(), Log()
        run(SafeMode(camera, camera, log).run())
        self.assertEqual((camera.paused, camera.reason), (SAFE_MODE, SAFE_MODE))
        self.assertTrue(SAFE_MODE in log.errors[0][1])


suite.main()
