"""app.clock: retries until it gets a time, and refuses an implausible one."""

import asyncio
import unittest

import suite
from fakes import Backoff, Direct, Log, clock, ended, run, until

from app.clock import Clock
from config import product
from proto.posixtz import days_of

DAY = 86_400
EPOCH = days_of(clock.gmtime(0)[0], 1, 1) * DAY  # this interpreter's epoch, in s since 2000
ZONE = "CET-1CEST,M3.5.0,M10.5.0/3"


def at(year, month, day, hour=0, minute=0, second=0):
    """Return a UTC time in seconds since the interpreter's epoch."""
    return days_of(year, month, day) * DAY - EPOCH + hour * 3_600 + minute * 60 + second


BUILT = at(*[int(part) for part in product.BUILD_DATE.split("-")])


def set_clock(time_s):
    clock.clock_offset_s += time_s - clock.time()


class SNTP:
    """Returns `time_s` from `address`, or raises `error`."""

    def __init__(self, time_s):
        self.time_s = time_s
        self.address = "192.0.2.1"
        self.error = None
        self.requests = []
        self.set_to = []

    def query(self, host):
        self.requests.append((clock.now_ms(), host))
        if self.error:
            raise self.error
        return self.time_s, self.address

    def set_clock(self, seconds):
        self.set_to.append(seconds)
        set_clock(seconds)


class ClockTestCase(unittest.TestCase):
    def setUp(self):
        set_clock(at(2000, 1, 1))

    tearDown = setUp

    def run_case(self, scenario, answer=BUILT + DAY, wifi=True, backoff=None, zone=ZONE, **more):
        async def main():
            sntp, log, up = SNTP(answer), Log(), asyncio.Event()
            if wifi:
                up.set()
            settings = {"ntpserver": "ntp.example", "ntpserver2": "", "timezone": zone}
            settings.update(more)
            clock_ = Clock(sntp, Direct(), settings, up, log, backoff or Backoff(5_000))
            task = asyncio.create_task(clock_.run())
            try:
                await scenario(clock_, sntp, log, up)
            finally:
                await ended(task)

        run(main(), 200_000)


class TestAfterSleep(ClockTestCase):
    def test_the_time_of_before_is_good_enough_for_a_while(self):
        self.rests(30_000, 60_000)

    def test_a_camera_that_stays_awake_asks_within_the_hour(self):
        self.rests(1_000_000, 30_000)

    def rests(self, rest_ms, hour_ms):
        async def main():
            set_clock(BUILT + DAY)
            sntp, up = SNTP(BUILT + 2 * DAY), asyncio.Event()
            up.set()
            settings = {"ntpserver": "ntp.example", "ntpserver2": "", "timezone": ZONE}
            clock_ = Clock(sntp, Direct(), settings, up, Log(), Backoff(5_000), hour_ms)
            clock_.rest_ms = rest_ms
            task = asyncio.create_task(clock_.run())
            self.assertTrue(clock_.set.is_set())
            await asyncio.sleep_ms(29_000)
            self.assertEqual((sntp.requests, clock_.answered), ([], None))
            await asyncio.sleep_ms(2_000)
            self.assertEqual(len(sntp.requests), 1)
            self.assertTrue(0 <= clock_.utc() - clock_.answered < 5)
            await ended(task)

        run(main())


class TestOtherSources(ClockTestCase):
    def test_the_second_server_is_asked_when_the_first_fails(self):
        async def scenario(clock_, sntp, log, up):
            original = sntp.query

            def query(host):
                if host == "ntp.example":
                    sntp.requests.append((clock.now_ms(), host))
                    raise OSError(-202)
                return original(host)

            sntp.query = query
            await clock_.set.wait()
            self.assertEqual([host for _, host in sntp.requests], ["ntp.example", "192.168.1.1"])
            self.assertEqual((len(log.errors), sntp.set_to), (1, [BUILT + DAY]))

        self.run_case(scenario, ntpserver2="192.168.1.1")

    def test_a_browser_sets_a_clock_that_is_not_set(self):
        async def scenario(clock_, sntp, log, up):
            for wrong in (0, BUILT + EPOCH - DAY, BUILT + EPOCH + 20 * 365 * DAY):
                with self.assertRaises(ValueError):
                    clock_.accept(wrong)
            self.assertTrue(clock_.accept(BUILT + EPOCH + 9 * DAY))
            self.assertEqual((clock_.set.is_set(), clock_.utc()), (True, BUILT + EPOCH + 9 * DAY))
            self.assertFalse(clock_.accept(BUILT + EPOCH + 2 * DAY))
            self.assertFalse(clock_.accept(0))
            up.set()  # and a server that answers replaces it, though it is days earlier
            await until(lambda: len(sntp.set_to) == 2)
            self.assertEqual(sntp.set_to[-1], BUILT + DAY)
            self.assertFalse(clock_.accept(BUILT + EPOCH + 9 * DAY))

        self.run_case(scenario, wifi=False)


class TestSynchronising(ClockTestCase):
    def test_set_at_connect_and_hourly(self):
        async def scenario(clock_, sntp, log, up):
            await asyncio.sleep_ms(60_000)
            self.assertEqual((sntp.requests, clock_.set.is_set()), ([], False))
            up.set()
            await clock_.set.wait()
            self.assertEqual(sntp.requests[0][1], "ntp.example")
            await asyncio.sleep_ms(10 * 3_600_000 + 60_000)
            self.assertEqual((len(sntp.requests), len(sntp.set_to)), (11, 11))
            gaps = [b[0] - a[0] for a, b in zip(sntp.requests, sntp.requests[1:])]
            self.assertTrue(3_600_000 <= min(gaps) and max(gaps) < 3_601_000, gaps)
            self.assertEqual(log.errors, [])

        self.run_case(scenario, wifi=False)

    def test_changed_server_is_used_next(self):
        async def scenario(clock_, sntp, log, up):
            await clock_.set.wait()
            clock_._settings["ntpserver"] = "other.example"
            await asyncio.sleep_ms(3_700_000)
            self.assertEqual(sntp.requests[-1][1], "other.example")

        self.run_case(scenario)

    def test_retries_after_the_backoff(self):
        backoff = Backoff(5_000)

        async def scenario(clock_, sntp, log, up):
            for sntp.error in (OSError("silent"), ValueError("short"), IndexError("short")):
                count = len(sntp.requests)
                await until(lambda count=count: len(sntp.requests) == count + 2)
            self.assertFalse(clock_.set.is_set())
            self.assertTrue(len(log.errors) >= 5)
            gaps = [b[0] - a[0] for a, b in zip(sntp.requests, sntp.requests[1:])]
            self.assertTrue(min(gaps) >= 5_000, gaps)
            sntp.error = None
            await clock_.set.wait()
            self.assertEqual((backoff.resets, backoff.nexts), (1, len(sntp.requests) - 1))

        async def failing(clock_, sntp, log, up):
            sntp.error = OSError("silent")
            await scenario(clock_, sntp, log, up)

        self.run_case(failing, backoff=backoff)


class TestPlausibility(ClockTestCase):
    def refused(self, answer):
        async def scenario(clock_, sntp, log, up):
            before = clock.time()
            await until(lambda: len(sntp.requests) == 3)
            self.assertFalse(clock_.set.is_set())
            self.assertEqual(sntp.set_to, [])
            self.assertTrue(abs(clock.time() - before) < 60)  # the clock is unchanged
            self.assertTrue("implausible time" in str(log.errors))

        self.run_case(scenario, answer)

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

    def test_first_and_last_plausible_second(self):
        for answer in (BUILT, at(2037, 12, 31, 23, 59, 59)):
            set_clock(at(2000, 1, 1))

            async def scenario(clock_, sntp, log, up, answer=answer):
                await clock_.set.wait()
                self.assertEqual((sntp.set_to, log.errors), ([answer], []))

            self.run_case(scenario, answer)

    def test_later_implausible_time_changes_nothing(self):
        async def scenario(clock_, sntp, log, up):
            await clock_.set.wait()
            sntp.time_s = at(2040, 1, 1)
            await asyncio.sleep_ms(3_660_000)
            self.assertTrue(clock_.set.is_set())
            self.assertTrue(abs(clock_.utc() - EPOCH - BUILT - DAY - 3_660) <= 1)

        self.run_case(scenario)

    def doubted(self, time_s, then):
        """Return what the clock is set to after `time_s`, which is doubtful, and then(sntp)."""
        set_to = []

        async def scenario(clock_, sntp, log, up):
            await clock_.set.wait()
            sntp.time_s = time_s
            await until(lambda: len(log.errors) == 2, limit_s=10_000)
            then(sntp)
            count = len(sntp.requests)
            await until(lambda: len(sntp.requests) == count + 2, limit_s=10_000)
            set_to.extend(sntp.set_to[1:])

        set_clock(at(2000, 1, 1))
        self.run_case(scenario, BUILT + 10 * DAY)
        return set_to

    def test_a_second_server_confirms_a_doubtful_time(self):
        for time_s in (BUILT + 5 * DAY, at(2040, 1, 1)):

            def confirm(sntp):
                sntp.address = "192.0.2.2"

            self.assertEqual(self.doubted(time_s, confirm)[0], time_s)

    def test_one_server_alone_or_two_that_differ_confirm_nothing(self):
        def differ(sntp):
            sntp.address = "192.0.2.2"
            sntp.time_s += 3_600

        for then in (lambda sntp: None, differ):
            self.assertEqual(self.doubted(BUILT + 5 * DAY, then), [])

    def test_less_than_a_day_back_needs_no_confirmation(self):
        async def scenario(clock_, sntp, log, up):
            await clock_.set.wait()
            sntp.time_s -= DAY // 2
            await until(lambda: len(sntp.set_to) == 2, limit_s=10_000)
            self.assertEqual(log.errors, [])

        self.run_case(scenario, BUILT + 10 * DAY)

    def test_clock_kept_over_a_restart_counts_as_set(self):
        for seconds, is_set in (
            (BUILT + 100_000, True),
            (BUILT - 1, False),
            (at(2038, 1, 1), False),
            (at(2000, 1, 1), False),
        ):
            set_clock(seconds)

            async def scenario(clock_, sntp, log, up, is_set=is_set):
                self.assertEqual(clock_.set.is_set(), is_set)

            self.run_case(scenario, wifi=False)


class TestLocalTime(ClockTestCase):
    def test_formats_of_ctime_and_iso(self):
        for zone, seconds, ctime, iso in (
            (ZONE, (2027, 3, 28, 0, 59, 59), "Sun Mar 28 01:59:59 2027", "2027-03-28T01:59:59"),
            (ZONE, (2027, 3, 28, 1, 0, 0), "Sun Mar 28 03:00:00 2027", "2027-03-28T03:00:00"),
            ("<-0930>9:30", (2028, 3, 1, 9), "Tue Feb 29 23:30:00 2028", "2028-02-29T23:30:00"),
            ("UTC0", (2030, 1, 5), "Sat Jan  5 00:00:00 2030", "2030-01-05T00:00:00"),
        ):
            set_clock(at(*seconds))

            async def scenario(clock_, sntp, log, up, ctime=ctime, iso=iso):
                self.assertEqual(clock_.cmd_time(""), ctime)
                self.assertEqual(clock_.iso(), iso)

            self.run_case(scenario, wifi=False, zone=zone)

    def test_changed_zone_applies_at_once(self):
        set_clock(at(2030, 1, 5))

        async def scenario(clock_, sntp, log, up):
            self.assertEqual(clock_.cmd_time("")[11:16], "01:00")
            clock_._settings["timezone"] = "EST5EDT"
            self.assertEqual(clock_.cmd_time("")[:16], "Fri Jan  4 19:00")

        self.run_case(scenario, wifi=False)


suite.main()
