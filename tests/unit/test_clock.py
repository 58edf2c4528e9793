"""app.clock: the network's time, asked again until it comes, and lies refused."""

import asyncio
import unittest

from fakes import Backoff, Direct, Log, clock, ended, run, until

from app.clock import Clock
from config import product
from proto.posixtz import days_of

DAY = 86_400
EPOCH = days_of(clock.gmtime(0)[0], 1, 1) * DAY  # of this interpreter, from 2000
ZONE = "CET-1CEST,M3.5.0,M10.5.0/3"


def at(year, month, day, hour=0, minute=0, second=0):
    """Seconds of UTC since the interpreter's epoch."""
    return days_of(year, month, day) * DAY - EPOCH + hour * 3_600 + minute * 60 + second


BUILT = at(*[int(part) for part in product.BUILD_DATE.split("-")])


def set_clock(time_s):
    clock.clock_offset_s += time_s - clock.time()


class SNTP:
    """Answers `time_s`, or raises."""

    def __init__(self, time_s):
        self.time_s = time_s
        self.error = None
        self.asked = []
        self.set_to = []

    def ask(self, host):
        self.asked.append((clock.now_ms(), host))
        if self.error:
            raise self.error
        return self.time_s

    def set_clock(self, seconds):
        self.set_to.append(seconds)
        set_clock(seconds)


class ClockCase(unittest.TestCase):
    def setUp(self):
        set_clock(at(2000, 1, 1))

    tearDown = setUp

    def story(self, tell, answer=BUILT + DAY, wifi=True, backoff=None, zone=ZONE):
        async def whole():
            sntp, log, up = SNTP(answer), Log(), asyncio.Event()
            if wifi:
                up.set()
            settings = {"ntpserver": "ntp.example", "timezone": zone}
            clock_ = Clock(lambda: sntp, Direct(), settings, up, log, backoff or Backoff(5_000))
            task = asyncio.create_task(clock_.run())
            try:
                await tell(clock_, sntp, log, up)
            finally:
                await ended(task)

        run(whole(), 200_000)


class TestAsking(ClockCase):
    def test_set_at_connect_and_hourly(self):
        async def tell(clock_, sntp, log, up):
            await asyncio.sleep_ms(60_000)
            self.assertEqual((sntp.asked, clock_.set.is_set()), ([], False))
            up.set()
            await clock_.set.wait()
            self.assertEqual(sntp.asked[0][1], "ntp.example")
            await asyncio.sleep_ms(10 * 3_600_000 + 60_000)
            self.assertEqual((len(sntp.asked), clock_.syncs), (11, 11))
            gaps = [b[0] - a[0] for a, b in zip(sntp.asked, sntp.asked[1:])]
            self.assertTrue(3_600_000 <= min(gaps) and max(gaps) < 3_601_000, gaps)
            self.assertEqual(log.errors, [])

        self.story(tell, wifi=False)

    def test_other_server_is_asked_next(self):
        async def tell(clock_, sntp, log, up):
            await clock_.set.wait()
            clock_._settings["ntpserver"] = "other.example"
            await asyncio.sleep_ms(3_700_000)
            self.assertEqual(sntp.asked[-1][1], "other.example")

        self.story(tell)

    def test_silence_is_asked_again_after_the_backoff(self):
        backoff = Backoff(5_000)

        async def tell(clock_, sntp, log, up):
            for sntp.error in (OSError("silent"), ValueError("short"), IndexError("short")):
                count = len(sntp.asked)
                await until(lambda count=count: len(sntp.asked) == count + 2)
            self.assertFalse(clock_.set.is_set())
            self.assertTrue(len(log.errors) >= 5)
            gaps = [b[0] - a[0] for a, b in zip(sntp.asked, sntp.asked[1:])]
            self.assertTrue(min(gaps) >= 5_000, gaps)
            sntp.error = None
            await clock_.set.wait()
            self.assertEqual((backoff.resets, backoff.nexts), (1, len(sntp.asked) - 1))

        async def failing(clock_, sntp, log, up):
            sntp.error = OSError("silent")
            await tell(clock_, sntp, log, up)

        self.story(failing, backoff=backoff)


class TestLies(ClockCase):
    def refused(self, answer):
        async def tell(clock_, sntp, log, up):
            before = clock.time()
            await until(lambda: len(sntp.asked) == 3)
            self.assertFalse(clock_.set.is_set())
            self.assertEqual((clock_.syncs, sntp.set_to), (0, []))
            self.assertTrue(abs(clock.time() - before) < 60)  # the clock was left alone
            self.assertTrue("implausible" in str(log.errors))

        self.story(tell, answer)

    def test_before_the_build_or_after_2037(self):
        for answer in (
            0,
            at(1970, 1, 1),
            at(2000, 1, 1),
            BUILT - 1,
            at(2038, 1, 1),
            at(2040, 2, 29),
            at(2106, 2, 7),
        ):
            self.refused(answer)

    def test_the_first_and_the_last_second_that_count(self):
        for answer in (BUILT, at(2037, 12, 31, 23, 59, 59)):
            set_clock(at(2000, 1, 1))

            async def tell(clock_, sntp, log, up, answer=answer):
                await clock_.set.wait()
                self.assertEqual((sntp.set_to, log.errors), ([answer], []))

            self.story(tell, answer)

    def test_lie_later_on_changes_nothing(self):
        async def tell(clock_, sntp, log, up):
            await clock_.set.wait()
            sntp.time_s = at(2040, 1, 1)
            await asyncio.sleep_ms(3_660_000)
            self.assertTrue(clock_.set.is_set())
            self.assertTrue(abs(clock_.utc() - EPOCH - BUILT - DAY - 3_660) <= 1)

        self.story(tell)

    def test_kept_over_a_restart_it_is_set_at_once(self):
        for seconds, is_set in (
            (BUILT + 100_000, True),
            (BUILT - 1, False),
            (at(2038, 1, 1), False),
            (at(2000, 1, 1), False),
        ):
            set_clock(seconds)

            async def tell(clock_, sntp, log, up, is_set=is_set):
                self.assertEqual(clock_.set.is_set(), is_set)

            self.story(tell, wifi=False)


class TestLocalTime(ClockCase):
    def test_as_ctime_prints_it_and_as_iso(self):
        for zone, seconds, ctime, iso in (
            (ZONE, (2027, 3, 28, 0, 59, 59), "Sun Mar 28 01:59:59 2027", "2027-03-28T01:59:59"),
            (ZONE, (2027, 3, 28, 1, 0, 0), "Sun Mar 28 03:00:00 2027", "2027-03-28T03:00:00"),
            ("<-0930>9:30", (2028, 3, 1, 9), "Tue Feb 29 23:30:00 2028", "2028-02-29T23:30:00"),
            ("UTC0", (2030, 1, 5), "Sat Jan  5 00:00:00 2030", "2030-01-05T00:00:00"),
        ):
            set_clock(at(*seconds))

            async def tell(clock_, sntp, log, up, ctime=ctime, iso=iso):
                self.assertEqual(clock_.cmd_time(""), ctime)
                self.assertEqual(clock_.iso(), iso)

            self.story(tell, wifi=False, zone=zone)

    def test_other_zone_counts_at_once(self):
        set_clock(at(2030, 1, 5))

        async def tell(clock_, sntp, log, up):
            self.assertEqual(clock_.cmd_time("")[11:16], "01:00")
            clock_._settings["timezone"] = "EST5EDT"
            self.assertEqual(clock_.cmd_time("")[:16], "Fri Jan  4 19:00")

        self.story(tell, wifi=False)


unittest.main()
