"""app.clock: the network's time, asked again until it comes, and lies refused."""

import asyncio
import unittest

from fakes import Backoff, Direct, Log, clock, ended, run, until

from app.clock import Clock
from config import product

BUILT = 1_900_000_000  # of Unix time; only the order counts


class Server:
    """Sets the clock to `time_s`, or raises."""

    def __init__(self, time_s):
        self.time_s = time_s
        self.error = None
        self.asked = []

    def ask(self, host):
        self.asked.append((clock.now_ms(), host))
        if self.error:
            raise self.error
        set_clock(self.time_s)


def set_clock(time_s):
    clock.clock_offset_s += time_s - clock.time()


class TestClock(unittest.TestCase):
    def setUp(self):
        year, month, day = clock.gmtime(BUILT)[:3]
        product.BUILD_DATE = "{}-{:02d}-{:02d}".format(year, month, day)
        set_clock(0)

    def story(self, tell, answer=BUILT + 86_400, wifi=True):
        async def whole():
            server, log, up = Server(answer), Log(), asyncio.Event()
            if wifi:
                up.set()
            settings = {"ntpserver": "ntp.example"}
            backoff = Backoff(5_000)
            clock_ = Clock(server.ask, Direct(), settings, up, log, backoff)
            task = asyncio.create_task(clock_.run())
            try:
                await tell(clock_, server, log, up, backoff)
            finally:
                await ended(task)

        run(whole(), 200_000)

    def test_set_at_connect_and_hourly(self):
        async def tell(clock_, server, log, up, backoff):
            await asyncio.sleep_ms(60_000)
            self.assertEqual((server.asked, clock_.set.is_set()), ([], False))
            up.set()
            await clock_.set.wait()
            self.assertEqual(server.asked[0][1], "ntp.example")
            await asyncio.sleep_ms(10 * 3_600_000 + 60_000)
            self.assertEqual((len(server.asked), clock_.syncs), (11, 11))
            self.assertEqual(log.errors, [])

        self.story(tell, wifi=False)

    def test_silence_is_asked_again_after_the_backoff(self):
        async def tell(clock_, server, log, up, backoff):
            for server.error in (OSError("silent"), ValueError("short"), IndexError("short")):
                count = len(server.asked)
                await until(lambda count=count: len(server.asked) == count + 2)
            self.assertFalse(clock_.set.is_set())
            self.assertTrue(len(log.errors) >= 5)
            gaps = [b[0] - a[0] for a, b in zip(server.asked, server.asked[1:])]
            self.assertTrue(min(gaps) >= 5_000, gaps)
            server.error = None
            await clock_.set.wait()
            self.assertEqual(backoff.resets, 1)

        async def failing(clock_, server, log, up, backoff):
            server.error = OSError("silent")
            await tell(clock_, server, log, up, backoff)

        self.story(failing)

    def test_time_before_the_build_is_a_lie(self):
        for answer in (0, 86_400, BUILT - 2 * 86_400):

            async def tell(clock_, server, log, up, backoff):
                await until(lambda: len(server.asked) == 3)
                self.assertFalse(clock_.set.is_set())
                self.assertEqual(clock_.syncs, 0)
                self.assertTrue("implausible" in str(log.errors))

            self.story(tell, answer)

    def test_kept_over_a_restart_it_is_set_at_once(self):
        set_clock(BUILT + 100_000)

        async def tell(clock_, server, log, up, backoff):
            self.assertTrue(clock_.set.is_set())

        self.story(tell, wifi=False)


unittest.main()
