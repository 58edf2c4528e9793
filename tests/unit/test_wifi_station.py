"""app.wifi.station: joins the best network, rejoins after a loss, opens the access point."""

import asyncio
import sys
import unittest

import suite
from fakes import Backoff, Direct, Log, clock, ended, run, until

from app.wifi.station import WiFiLink

KEY = "canary-key"
OPEN, WPA2 = 0, 3


def heard(ssid, rssi=-60, security=WPA2, number=1):
    """Return one row of a scan result."""
    return ssid.encode(), bytes((number,)) * 6, 1, rssi, security, False


class Station:
    """Stands in for hal.wifi.Station; a join takes 1 s, or its full timeout when out of reach."""

    def __init__(self):
        self.reach = True
        self.bad = ()  # BSSIDs of access points that cannot be joined
        self.reason = "no such network"
        self.ip = "10.0.0.2"
        self.joins = []
        self.bssids = []
        self.seen = []
        self.scans = 0
        self.leave_error = None
        self.busy = self.broken = self._joined = False

    def scan(self):
        self.scans += 1
        if self.busy:
            raise OSError("Wifi Internal State Error")
        return self.seen

    async def join(self, ssid, password, bssid, timeout_ms, static=None):
        self.static = static
        if self.broken:
            raise OSError("Wifi Internal Error")
        self.joins.append((ssid, password))
        self.bssids.append(bssid)
        self._joined = can = self.reach and bssid not in self.bad
        await asyncio.sleep_ms(1_000 if can else timeout_ms)
        self._joined = can
        return self.joined()

    def leave(self):
        self._joined = False
        if self.leave_error:
            raise self.leave_error

    def joined(self):
        return self._joined and self.reach and bool(self.ip)

    def address(self):
        return self.ip if self._joined and self.reach else ""

    def failure(self):
        return self.reason

    def rssi(self):
        return -60 if self.joined() else None


class AccessPoint:
    """Stands in for app.wifi.access_point; open until it is cancelled or `idle`."""

    def __init__(self, radio, settings, log, known):
        AccessPoint.one = self
        assert radio == "radio"
        self.address = ""
        self.clients = 0
        self.opened = 0
        self.idle = self.fails = False

    async def run(self):
        self.opened += 1
        self.address = "192.168.1.1"
        try:
            while not self.idle:
                await asyncio.sleep_ms(100)
                if self.fails:
                    self.fails = False
                    raise ValueError("our bug")
        finally:
            self.idle = False
            self.address = ""
            self.clients = 0


class AccessPointModule:
    AccessPoint = AccessPoint


sys.modules["app.wifi.access_point"] = AccessPointModule
SETTINGS = {"ssid": "home", "password": KEY, "ssid2": "", "password2": "", "ssid3": ""}
SETTINGS.update(password3="", apfallback=180, ip="", netmask="255.255.255.0", gateway="", dns="")


class WiFiTestCase(unittest.TestCase):
    def run_case(self, scenario, ssid="home", reach=True, prepare=lambda link, station: None):
        async def main():
            station = Station()
            station.reach = reach
            settings = dict(SETTINGS, ssid=ssid)
            log = Log()
            backoff = Backoff(2_000)
            link = WiFiLink(station, "radio", settings, log, backoff, Direct())
            prepare(link, station)
            task = asyncio.create_task(link.run())
            try:
                await scenario(link, station, settings, log, backoff)
            finally:
                await ended(task)
            self.assertFalse(link.up.is_set() or link.ap_open)
            self.assertTrue("canary" not in str(log.infos) + str(log.errors))

        run(main(), 100_000)


class TestAfterSleep(WiFiTestCase):
    def test_the_access_point_of_before_is_joined_without_a_scan(self):
        async def scenario(link, station, settings, log, backoff):
            await asyncio.sleep_ms(1_500)
            self.assertTrue(link.up.is_set())
            self.assertEqual((station.scans, station.bssids), (0, [b"\2" * 6]))
            self.assertEqual(link.bssid, b"\2" * 6)

        def prepare(link, station):
            link.remembered = [heard("home", number=2)]

        self.run_case(scenario, prepare=prepare)

    def test_if_it_is_gone_the_next_attempt_scans(self):
        async def scenario(link, station, settings, log, backoff):
            await until(link.up.is_set)
            self.assertEqual((station.scans, station.bssids), (1, [b"\2" * 6, b"\1" * 6]))

        def prepare(link, station):
            link.remembered = [heard("home", number=2)]
            station.bad = (b"\2" * 6,)
            station.seen = [heard("home", number=1)]

        self.run_case(scenario, prepare=prepare)


class TestStation(WiFiTestCase):
    def test_joins_and_stays_joined(self):
        async def scenario(link, station, settings, log, backoff):
            await link.up.wait()
            await asyncio.sleep_ms(3_600_000)
            self.assertEqual((link.state, link.reason, link.joins), ("joined", "", 1))
            self.assertEqual(station.joins, [("home", KEY)])
            self.assertEqual((backoff.resets, link.rssi()), (1, -60))

        self.run_case(scenario)

    def test_without_an_ssid_only_the_access_point_opens(self):
        async def scenario(link, station, settings, log, backoff):
            await asyncio.sleep_ms(60_000)
            self.assertEqual((link.state, link.reason), ("access point", "ssid is not set"))
            self.assertTrue(link.ap_open and not link.known())
            self.assertEqual(station.joins, [])
            settings["ssid"] = "home"
            started = clock.now_ms()
            link.rejoin()
            await link.up.wait()
            self.assertTrue(clock.now_ms() - started < 2_000)
            self.assertFalse(link.ap_open)

        self.run_case(scenario, ssid="")

    def test_absent_network_is_retried_forever_with_a_reason(self):
        async def scenario(link, station, settings, log, backoff):
            await until(lambda: len(station.joins) == 4)
            self.assertEqual(link.reason, "no such network")
            self.assertTrue(backoff.nexts >= 3 and backoff.resets == 0)
            self.assertEqual(len(log.errors), 3)
            station.reach = True
            await link.up.wait()
            self.assertEqual(link.reason, "")

        self.run_case(scenario, reach=False)

    def test_lost_network_is_rejoined(self):
        async def scenario(link, station, settings, log, backoff):
            for n in range(1, 21):
                await link.up.wait()
                self.assertEqual(link.joins, n)
                station.reach = False
                started = clock.now_ms()
                await until(lambda: not link.up.is_set())
                self.assertTrue(clock.now_ms() - started < 1_000)
                self.assertEqual(link.reason, "access point lost")
                await asyncio.sleep_ms(5_000)
                station.reach = True

        self.run_case(scenario)

    def test_changed_address_counts_as_a_new_link(self):
        async def scenario(link, station, settings, log, backoff):
            await link.up.wait()
            station.ip = "10.0.0.3"
            await until(lambda: not link.up.is_set())
            self.assertEqual(link.reason, "address changed")
            await link.up.wait()
            self.assertTrue("10.0.0.3" in str(log.infos))

        self.run_case(scenario)

    def test_changed_settings_rejoin_from_every_state(self):
        async def scenario(link, station, settings, log, backoff):
            await link.up.wait()
            settings["ssid"] = "other"
            link.rejoin()
            await until(lambda: not link.up.is_set())
            settings["ssid"] = "third"
            link.rejoin()  # while joining
            await until(lambda: station.joins[-1][0] == "third")
            await until(link.up.is_set)
            self.assertEqual([ssid for ssid, _ in station.joins], ["home", "other", "third"])
            self.assertEqual(log.errors, [])

        self.run_case(scenario)

    def test_changed_backup_network_keeps_the_link(self):
        async def scenario(link, station, settings, log, backoff):
            await link.up.wait()
            settings["ssid2"], settings["password2"] = "shed", KEY
            link.rejoin()
            await asyncio.sleep_ms(5_000)
            self.assertEqual((link.joins, link.state), (1, "joined"))

        self.run_case(scenario)


class TestStaticAddress(WiFiTestCase):
    def test_change_joins_again(self):
        async def scenario(link, station, settings, log, backoff):
            await link.up.wait()
            self.assertIsNone(station.static)
            for changes, expected in (
                ({"ip": "10.0.0.9"}, ("10.0.0.9", "255.255.255.0", "10.0.0.9", "10.0.0.9")),
                ({"gateway": "10.0.0.1"}, ("10.0.0.9", "255.255.255.0", "10.0.0.1", "10.0.0.1")),
                ({"dns": "9.9.9.9"}, ("10.0.0.9", "255.255.255.0", "10.0.0.1", "9.9.9.9")),
                ({"ip": ""}, None),
            ):
                settings.update(changes)
                link.rejoin()
                await until(lambda: not link.up.is_set())
                await link.up.wait()
                self.assertEqual(station.static, expected)
            settings["gateway"] = ""  # without an address of its own it does not matter
            link.rejoin()
            await asyncio.sleep_ms(5_000)
            self.assertEqual(link.joins, 5)

        self.run_case(scenario)


class TestNetworks(WiFiTestCase):
    def test_each_access_point_of_a_name_gets_its_turn(self):
        async def scenario(link, station, settings, log, backoff):
            best, good = bytes((1,)) * 6, bytes((2,)) * 6
            station.bad = (best,)
            station.seen = [heard("home", -40, number=1), heard("home", -55, number=2)]
            await link.up.wait()
            self.assertEqual(station.bssids, [best, good])
            station.leave()  # the link is lost: what has failed lately comes last
            await until(lambda: not link.up.is_set())
            await link.up.wait()
            self.assertEqual(station.bssids, [best, good, good])
            await asyncio.sleep_ms(600_000)
            station.leave()
            await until(lambda: not link.up.is_set())
            await link.up.wait()
            self.assertEqual(station.bssids[3:], [best, good])

        self.run_case(scenario)

    def test_known_networks_in_their_order_and_then_hidden_ones(self):
        async def scenario(link, station, settings, log, backoff):
            settings.update(ssid2="shed", password2=KEY, ssid3="attic", password3=KEY)
            station.seen = [
                heard("home", -80, number=1),
                heard("shed", -70, number=2),
                heard("shed", -50, number=3),
                heard("other", -30, number=4),
            ]
            await until(lambda: len(station.joins) == 4)
            tried = [bssid and bssid[0] for bssid in station.bssids]
            self.assertEqual(tried, [3, 2, 1, None])
            self.assertEqual([ssid for ssid, _ in station.joins[2:]], ["home", "attic"])
            await until(lambda: link.state == "waiting")
            reasons = ["{}: no such network".format(ssid) for ssid in ("shed", "home", "attic")]
            self.assertEqual(link.reason, "; ".join(reasons))

        self.run_case(scenario, reach=False)

    def test_without_a_network_in_reach_all_are_tried_in_order(self):
        async def scenario(link, station, settings, log, backoff):
            settings.update(ssid2="shed", ssid3="attic", password3=KEY)
            await until(lambda: len(station.joins) == 3)
            expected = [("home", KEY), ("shed", ""), ("attic", KEY)]
            self.assertEqual((station.joins, station.bssids), (expected, [None] * 3))

        self.run_case(scenario, reach=False)

    def test_open_network_is_refused_if_a_password_is_stored(self):
        async def scenario(link, station, settings, log, backoff):
            station.seen = [heard("home", -30, OPEN)]
            await until(lambda: station.scans == 3)
            self.assertEqual(station.joins, [])
            self.assertEqual(link.reason, "home: open, but a password is stored")
            station.seen.append(heard("home", -70, WPA2, 2))  # the real network, farther away
            await link.up.wait()
            self.assertEqual(station.bssids, [bytes((2,)) * 6])

        self.run_case(scenario)

    def test_failed_scan_finds_nothing(self):
        async def scenario(link, station, settings, log, backoff):
            await link.up.wait()
            self.assertEqual(station.bssids, [None])
            self.assertEqual(await link.scan(), [])

        async def busy(link, station, settings, log, backoff):
            station.busy = True
            await scenario(link, station, settings, log, backoff)

        self.run_case(busy)

    def test_failed_scan_is_retried_once(self):
        async def scenario(link, station, settings, log, backoff):
            station.seen = [heard("home")]
            station.busy = True
            await until(lambda: station.scans == 1)
            station.busy = False
            await link.up.wait()
            self.assertEqual((station.bssids, station.scans), ([b"\1" * 6], 2))

        self.run_case(scenario)

    def test_radio_error_is_the_reason(self):
        async def scenario(link, station, settings, log, backoff):
            station.broken = True
            await until(lambda: link.state == "waiting")
            self.assertEqual(link.reason, "Wifi Internal Error")
            station.broken = False
            await link.up.wait()

        self.run_case(scenario)

    def test_list_for_users(self):
        async def scenario(link, station, settings, log, backoff):
            await link.up.wait()
            station.seen = [heard("n{}".format(n), -90 + n, n % 2 * WPA2) for n in range(40)]
            station.seen += [heard("n39", -88, OPEN), heard("", -10)]
            station.seen.append((b"\xff\xfe", b"123456", 1, -5, 3, False))
            found = await link.scan()
            self.assertEqual((len(found), found[0]), (20, ("n39", -51, True)))
            self.assertEqual(found[1], ("n38", -52, False))

        self.run_case(scenario)

    def test_list_while_joining_is_that_of_the_last_scan(self):
        async def scenario(link, station, settings, log, backoff):
            station.seen = [heard("home")]
            await until(lambda: station.joins)
            station.busy = True
            self.assertEqual(await link.scan(), [("home", -60, True)])
            self.assertEqual(station.scans, 1)

        self.run_case(scenario, reach=False)


class TestAccessPoint(WiFiTestCase):
    def test_opens_once_after_a_period_without_a_network(self):
        async def scenario(link, station, settings, log, backoff):
            started = clock.now_ms()
            await until(lambda: link.ap_open, limit_s=300)
            self.assertTrue(180_000 <= clock.now_ms() - started < 200_000)
            self.assertTrue(link.state != "access point")
            tries = len(station.joins)
            AccessPoint.one.idle = True
            await asyncio.sleep_ms(1_000_000)
            self.assertFalse(link.ap_open)
            self.assertEqual(AccessPoint.one.opened, 1)
            self.assertTrue(len(station.joins) > tries + 20)
            station.reach = True
            await link.up.wait()
            station.reach = False
            lost = clock.now_ms()
            await until(lambda: link.ap_open, limit_s=300)
            self.assertTrue(180_000 <= clock.now_ms() - lost < 200_000)
            self.assertEqual(AccessPoint.one.opened, 2)

        self.run_case(scenario, reach=False)

    def test_refused_password_needs_a_third_of_the_time(self):
        async def scenario(link, station, settings, log, backoff):
            station.reason = "wrong password"
            started = clock.now_ms()
            await until(lambda: link.ap_open, limit_s=300)
            self.assertTrue(60_000 <= clock.now_ms() - started < 80_000)

        self.run_case(scenario, reach=False)

    def test_0_disables_it(self):
        async def scenario(link, station, settings, log, backoff):
            settings["apfallback"] = 0
            await asyncio.sleep_ms(2_000_000)
            self.assertFalse(link.ap_open)

        self.run_case(scenario, reach=False)

    def test_closes_before_the_link_is_up(self):
        async def scenario(link, station, settings, log, backoff):
            await until(lambda: link.ap_open, limit_s=300)
            AccessPoint.one.clients = 1
            self.assertEqual((link.ap_address, link.ap_clients), ("192.168.1.1", 1))
            station.reach = True
            link.rejoin()
            await link.up.wait()
            self.assertEqual((link.ap_open, link.ap_address, link.ap_clients), (False, "", 0))

        self.run_case(scenario, reach=False)

    def test_attempts_pause_for_its_clients_but_not_forever(self):
        async def scenario(link, station, settings, log, backoff):
            await until(lambda: link.ap_open, limit_s=300)
            AccessPoint.one.clients = 1
            await until(lambda: link.state == "joining", limit_s=400)
            await until(lambda: link.state == "waiting")
            tries, started = len(station.joins), clock.now_ms()
            await until(lambda: len(station.joins) > tries, limit_s=600)
            self.assertTrue(300_000 <= clock.now_ms() - started < 310_000)
            await until(lambda: link.state == "waiting")
            await asyncio.sleep_ms(10_000)
            tries = len(station.joins)
            link.rejoin()  # a new password is used at once
            await until(lambda: len(station.joins) > tries, limit_s=2)
            await until(lambda: link.state == "waiting")
            AccessPoint.one.clients = 0
            tries = len(station.joins)
            await until(lambda: len(station.joins) > tries, limit_s=5)

        self.run_case(scenario, reach=False)

    def test_command_leaves_the_network_after_the_reply(self):
        async def scenario(link, station, settings, log, backoff):
            await link.up.wait()
            self.assertEqual(link.cmd_smartconfig("1"), "Smartconfig started")
            await asyncio.sleep_ms(300)
            self.assertTrue(link.up.is_set() and not link.ap_open)
            await until(lambda: link.ap_open)
            self.assertEqual((link.up.is_set(), link.state), (False, "access point"))
            await asyncio.sleep_ms(100_000)
            self.assertEqual(len(station.joins), 1)
            AccessPoint.one.idle = True
            await link.up.wait()
            self.assertFalse(link.ap_open)

        self.run_case(scenario)

    def test_command_while_there_is_no_network(self):
        async def scenario(link, station, settings, log, backoff):
            await until(lambda: link.state == "waiting")
            link.setup()
            await until(lambda: link.state == "access point", limit_s=1)

        self.run_case(scenario, reach=False)

    def test_bug_in_the_access_point_propagates_to_the_supervisor(self):
        async def scenario(link, station, settings, log, backoff):
            link.setup()
            await until(lambda: link.ap_open)
            AccessPoint.one.fails = True
            await asyncio.sleep_ms(60_000)

        with self.assertRaises(ValueError):
            self.run_case(scenario)


class TestAttempt(WiFiTestCase):
    """A network that is saved only once the camera has joined it."""

    async def attempt(self, link, ssid="new", limit_ms=28_000):
        started = clock.now_ms()
        return await link.attempt(ssid, KEY, limit_ms), clock.now_ms() - started

    def test_first_network(self):
        async def scenario(link, station, settings, log, backoff):
            await until(lambda: link.ap_open)
            failure, took_ms = await self.attempt(link)
            self.assertEqual((failure, link.up.is_set()), ("", True))
            self.assertTrue(took_ms < 2_000)
            settings.update(ssid="new", password=KEY)
            link.rejoin()
            await asyncio.sleep_ms(60_000)
            self.assertEqual((link.joins, link.state, link.ap_open), (1, "joined", False))

        self.run_case(scenario, ssid="")

    def test_failure_returns_to_the_access_point(self):
        async def scenario(link, station, settings, log, backoff):
            await until(lambda: link.ap_open)
            self.assertEqual((await self.attempt(link))[0], "no such network")
            await until(lambda: link.state == "access point")
            self.assertTrue(link.ap_open and not link.known())

        self.run_case(scenario, ssid="", reach=False)

    def test_failure_returns_to_the_network_before(self):
        async def scenario(link, station, settings, log, backoff):
            await link.up.wait()
            station.reach = False
            failure, _ = await self.attempt(link)
            station.reach = True
            self.assertEqual((failure, link.known()), ("no such network", [("home", KEY)]))
            await link.up.wait()
            self.assertEqual([ssid for ssid, _ in station.joins], ["home", "new", "home"])

        self.run_case(scenario)

    def test_access_point_that_a_user_opens_meanwhile(self):
        async def scenario(link, station, settings, log, backoff):
            await link.up.wait()
            station.reach = False
            attempt = asyncio.create_task(self.attempt(link))
            await until(lambda: station.joins[-1][0] == "new")
            link.setup()
            self.assertEqual((await attempt)[0], "no such network")
            station.reach = True
            await asyncio.sleep_ms(60_000)
            self.assertEqual((link.state, link.ap_open), ("access point", True))

        self.run_case(scenario)

    def test_network_in_use(self):
        async def scenario(link, station, settings, log, backoff):
            await link.up.wait()
            failure, ms = await self.attempt(link, "home")
            self.assertTrue(not failure and ms < 50, (failure, ms))
            self.assertEqual((link.joins, link.up.is_set()), (1, True))

        self.run_case(scenario)

    def test_result_of_an_earlier_attempt_does_not_count(self):
        async def scenario(link, station, settings, log, backoff):
            await until(lambda: station.joins)
            self.assertEqual(link.state, "joining")
            attempt = asyncio.create_task(self.attempt(link, limit_ms=60_000))
            await until(lambda: station.joins[-1][0] == "new")
            self.assertFalse(attempt.done())
            failure = "" if station.reach else "no such network"
            self.assertEqual((await attempt)[0], failure)

        for reach in (True, False):
            self.run_case(scenario, reach=reach)

    def test_time_limit(self):
        async def scenario(link, station, settings, log, backoff):
            await until(lambda: station.joins)
            failure, took_ms = await self.attempt(link, limit_ms=5_000)
            self.assertEqual(failure, "not joined within 5 s")
            self.assertTrue(5_000 <= took_ms < 5_100, took_ms)  # real time counts, too
            self.assertEqual(link.known(), [("home", KEY)])

        self.run_case(scenario, reach=False)


class TestRestart(WiFiTestCase):
    """The supervisor restarts a failed link, even with an open access point."""

    def test_access_point_closes_and_opens_again(self):
        async def main():
            station, settings = Station(), dict(SETTINGS, ssid="")
            log, faults = Log(), []
            link = WiFiLink(station, "radio", settings, log, Backoff(2_000), Direct())

            async def supervised():
                while True:
                    try:
                        await link.run()
                    except Exception as e:  # a CancelledError ends the application
                        faults.append(str(e))
                        self.assertFalse(link.ap_open)
                    await asyncio.sleep_ms(1_000)

            task = asyncio.create_task(supervised())
            await until(lambda: link.ap_open)
            settings["ssid"] = "nosuch"
            station.reach, station.leave_error = False, RuntimeError("Wifi Unknown Error")
            link.rejoin()
            await until(lambda: faults)
            station.leave_error = None
            await until(lambda: link.state == "waiting")
            self.assertEqual(link.reason, "no such network")
            await asyncio.sleep_ms(60_000)
            self.assertFalse(task.done())
            await until(lambda: link.ap_open, limit_s=200)
            settings["ssid"], station.reach = "home", True
            link.rejoin()
            await link.up.wait()
            self.assertEqual((faults, link.ap_open), (["Wifi Unknown Error"], False))
            await ended(task)

        run(main(), 100_000)


suite.main()
