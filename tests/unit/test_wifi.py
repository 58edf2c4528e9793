"""app.wifi.station: joined for as long as there is a network, and back when there is one again."""

import asyncio
import sys
import unittest

from fakes import Backoff, Direct, Log, clock, ended, run, until

from app.wifi.station import WiFiLink

KEY = "canary-key"
OPEN, WPA2 = 0, 3


def heard(ssid, rssi=-60, security=WPA2, number=1):
    """A row of a scan."""
    return ssid.encode(), bytes((number,)) * 6, 1, rssi, security, False


class Station:
    """An access point within reach or not; a join takes a second, or all of its time."""

    def __init__(self):
        self.reach = True
        self.reason = "no such network"
        self.ip = "10.0.0.2"
        self.joins = []
        self.bssids = []
        self.seen = []
        self.scans = self.leaves = 0
        self.busy = self.broken = self._joined = False

    def scan(self):
        self.scans += 1
        if self.busy:
            raise OSError("Wifi Internal State Error")
        return self.seen

    async def join(self, ssid, password, bssid, timeout_ms):
        if self.broken:
            raise OSError("Wifi Internal Error")
        self.joins.append((ssid, password))
        self.bssids.append(bssid)
        self._joined = self.reach
        await asyncio.sleep_ms(1_000 if self.reach else timeout_ms)
        self._joined = self.reach
        return self.joined()

    def leave(self):
        self.leaves += 1
        self._joined = False

    def joined(self):
        return self._joined and self.reach and bool(self.ip)

    def address(self):
        return self.ip if self._joined and self.reach else ""

    def why(self):
        return self.reason

    def rssi(self):
        return -60 if self.joined() else None


class Portal:
    """Stands in for app.wifi.portal: open while it is wanted."""

    fails = False

    def __init__(self, wifi, *_):
        self._wifi = wifi

    async def run(self):
        while self._wifi.ap_wanted:
            await asyncio.sleep_ms(100)
            if Portal.fails:
                Portal.fails = False
                self._wifi.portal = None
                raise ValueError("our bug")
        self._wifi.portal = None

    def answer(self, path):
        return 302, path


class PortalModule:
    Portal = Portal


sys.modules["app.wifi.portal"] = PortalModule
SETTINGS = {"ssid": "home", "password": KEY, "ssid2": "", "password2": "", "ssid3": ""}
SETTINGS.update(password3="", apfallback=180)


class WiFiCase(unittest.TestCase):
    def story(self, tell, ssid="home", reach=True):
        async def whole():
            station = Station()
            station.reach = reach
            settings = dict(SETTINGS, ssid=ssid)
            log = Log()
            backoff = Backoff(2_000)
            link = WiFiLink(station, settings, log, backoff, Direct(), ("fake", "x"))
            task = asyncio.create_task(link.run())
            try:
                await tell(link, station, settings, log, backoff)
            finally:
                await ended(task)
            self.assertFalse(link.up.is_set())
            self.assertTrue("canary" not in str(log.infos) + str(log.errors))

        run(whole(), 100_000)


class TestStation(WiFiCase):
    def test_joins_and_stays(self):
        async def tell(link, station, settings, log, backoff):
            await link.up.wait()
            await asyncio.sleep_ms(3_600_000)
            self.assertEqual((link.state, link.reason, link.joins), ("joined", "", 1))
            self.assertEqual(station.joins, [("home", KEY)])
            self.assertEqual((backoff.resets, link.rssi()), (1, -60))

        self.story(tell)

    def test_without_a_name_there_is_the_access_point_alone(self):
        async def tell(link, station, settings, log, backoff):
            await asyncio.sleep_ms(60_000)
            self.assertEqual((link.state, link.reason), ("access point", "ssid is not set"))
            self.assertTrue(link.ap_wanted and not link.known())
            self.assertEqual(station.joins, [])
            settings["ssid"] = "home"
            started = clock.now_ms()
            link.rejoin()
            await link.up.wait()
            self.assertTrue(clock.now_ms() - started < 2_000)

        self.story(tell, ssid="")

    def test_absent_network_is_tried_for_ever_with_the_reason(self):
        async def tell(link, station, settings, log, backoff):
            await until(lambda: len(station.joins) == 4)
            self.assertEqual(link.reason, "no such network")
            self.assertTrue(backoff.nexts >= 3 and backoff.resets == 0)
            self.assertEqual(len(log.errors), 3)
            station.reach = True
            await link.up.wait()
            self.assertEqual(link.reason, "")

        self.story(tell, reach=False)

    def test_lost_network_is_noticed_and_joined_again(self):
        async def tell(link, station, settings, log, backoff):
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

        self.story(tell)

    def test_other_address_is_a_new_link(self):
        async def tell(link, station, settings, log, backoff):
            await link.up.wait()
            station.ip = "10.0.0.3"
            await until(lambda: not link.up.is_set())
            self.assertEqual(link.reason, "address changed")
            await link.up.wait()
            self.assertTrue("10.0.0.3" in str(log.infos))

        self.story(tell)

    def test_other_settings_join_anew_from_every_state(self):
        async def tell(link, station, settings, log, backoff):
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

        self.story(tell)

    def test_a_backup_that_changes_leaves_the_link_alone(self):
        async def tell(link, station, settings, log, backoff):
            await link.up.wait()
            settings["ssid2"], settings["password2"] = "shed", KEY
            link.rejoin()
            await asyncio.sleep_ms(5_000)
            self.assertEqual((link.joins, link.state), (1, "joined"))

        self.story(tell)


class TestNetworks(WiFiCase):
    def test_strongest_known_one_first_by_its_own_access_point(self):
        async def tell(link, station, settings, log, backoff):
            settings.update(ssid2="shed", password2=KEY, ssid3="attic", password3=KEY)
            station.seen = [
                heard("home", -80, number=1),
                heard("shed", -70, number=2),
                heard("shed", -50, number=3),
                heard("other", -30, number=4),
            ]
            await until(lambda: len(station.joins) == 2)
            self.assertEqual([ssid for ssid, _ in station.joins], ["shed", "home"])
            self.assertEqual(station.bssids, [bytes((3,)) * 6, bytes((1,)) * 6])
            await until(lambda: link.state == "waiting")
            self.assertEqual(link.reason, "shed: no such network; home: no such network")

        self.story(tell, reach=False)

    def test_none_heard_then_all_in_their_order(self):
        async def tell(link, station, settings, log, backoff):
            settings.update(ssid2="shed", ssid3="attic", password3=KEY)
            await until(lambda: len(station.joins) == 3)
            wanted = [("home", KEY), ("shed", ""), ("attic", KEY)]
            self.assertEqual((station.joins, station.bssids), (wanted, [None] * 3))

        self.story(tell, reach=False)

    def test_open_network_is_refused_where_a_password_is_stored(self):
        async def tell(link, station, settings, log, backoff):
            station.seen = [heard("home", -30, OPEN)]
            await until(lambda: station.scans == 3)
            self.assertEqual(station.joins, [])
            self.assertEqual(link.reason, "home: open, but a password is stored")
            station.seen.append(heard("home", -70, WPA2, 2))  # the real one, further away
            await link.up.wait()
            self.assertEqual(station.bssids, [bytes((2,)) * 6])

        self.story(tell)

    def test_scan_that_fails_is_none(self):
        async def tell(link, station, settings, log, backoff):
            await link.up.wait()
            self.assertEqual(station.bssids, [None])
            self.assertEqual(await link.scan(), [])

        async def busy(link, station, settings, log, backoff):
            station.busy = True
            await tell(link, station, settings, log, backoff)

        self.story(busy)

    def test_scan_right_after_leaving_is_tried_again(self):
        async def tell(link, station, settings, log, backoff):
            station.seen = [heard("home")]
            station.busy = True
            await until(lambda: station.scans == 1)
            station.busy = False
            await link.up.wait()
            self.assertEqual((station.bssids, station.scans), ([b"\1" * 6], 2))

        self.story(tell)

    def test_a_radio_that_raises_is_a_reason(self):
        async def tell(link, station, settings, log, backoff):
            station.broken = True
            await until(lambda: link.state == "waiting")
            self.assertEqual(link.reason, "Wifi Internal Error")
            station.broken = False
            await link.up.wait()

        self.story(tell)

    def test_list_for_a_person(self):
        async def tell(link, station, settings, log, backoff):
            await link.up.wait()
            station.seen = [heard("n{}".format(n), -90 + n, n % 2 * WPA2) for n in range(40)]
            station.seen += [heard("n39", -88, OPEN), heard("", -10)]
            station.seen.append((b"\xff\xfe", b"123456", 1, -5, 3, False))
            found = await link.scan()
            self.assertEqual((len(found), found[0]), (20, ("n39", -51, True)))
            self.assertEqual(found[1], ("n38", -52, False))

        self.story(tell)

    def test_list_while_joining_is_what_was_just_seen(self):
        async def tell(link, station, settings, log, backoff):
            station.seen = [heard("home")]
            await until(lambda: station.joins)
            station.busy = True
            self.assertEqual(await link.scan(), [("home", -60, True)])
            self.assertEqual(station.scans, 1)

        self.story(tell, reach=False)


class TestAccessPoint(WiFiCase):
    def test_it_is_offered_once_after_a_time_without_network(self):
        async def tell(link, station, settings, log, backoff):
            started = clock.now_ms()
            await until(lambda: link.ap_wanted, limit_s=300)
            self.assertTrue(180_000 <= clock.now_ms() - started < 200_000)
            self.assertTrue(link.state != "access point")
            tries = len(station.joins)
            link.ap_wanted = False  # nobody came
            await asyncio.sleep_ms(1_000_000)
            self.assertFalse(link.ap_wanted)
            self.assertTrue(len(station.joins) > tries + 20)
            station.reach = True
            await link.up.wait()
            station.reach = False
            lost = clock.now_ms()
            await until(lambda: link.ap_wanted, limit_s=300)
            self.assertTrue(180_000 <= clock.now_ms() - lost < 200_000)

        self.story(tell, reach=False)

    def test_a_refused_password_needs_a_third_of_the_time(self):
        async def tell(link, station, settings, log, backoff):
            station.reason = "wrong password"
            started = clock.now_ms()
            await until(lambda: link.ap_wanted, limit_s=300)
            self.assertTrue(60_000 <= clock.now_ms() - started < 80_000)

        self.story(tell, reach=False)

    def test_0_is_never(self):
        async def tell(link, station, settings, log, backoff):
            settings["apfallback"] = 0
            await asyncio.sleep_ms(2_000_000)
            self.assertFalse(link.ap_wanted)

        self.story(tell, reach=False)

    def test_tries_pause_for_who_has_joined_but_not_for_ever(self):
        async def tell(link, station, settings, log, backoff):
            await until(lambda: station.joins)
            link.ap_clients = 1
            await until(lambda: link.state == "waiting")
            tries, started = len(station.joins), clock.now_ms()
            await until(lambda: len(station.joins) > tries, limit_s=600)
            self.assertTrue(300_000 <= clock.now_ms() - started < 310_000)
            await until(lambda: link.state == "waiting")
            await asyncio.sleep_ms(10_000)
            tries = len(station.joins)
            link.rejoin()  # a new password is tried at once
            await until(lambda: len(station.joins) > tries, limit_s=2)
            await until(lambda: link.state == "waiting")
            link.ap_clients = 0
            tries = len(station.joins)
            await until(lambda: len(station.joins) > tries, limit_s=5)

        self.story(tell, reach=False)

    def test_asked_for_it_leaves_the_network_after_the_answer(self):
        async def tell(link, station, settings, log, backoff):
            await link.up.wait()
            self.assertEqual(link.cmd_smartconfig("1"), "Smartconfig started")
            await asyncio.sleep_ms(300)
            self.assertTrue(link.up.is_set())
            await until(lambda: link.ap_wanted)
            self.assertEqual((link.up.is_set(), link.state), (False, "access point"))
            self.assertEqual(link.answer("/x"), None)
            link.ap_address = "192.168.1.1"
            self.assertTrue(link.ap_open)
            self.assertEqual(link.answer("/x"), (302, "/x"))
            await asyncio.sleep_ms(100_000)
            self.assertEqual(len(station.joins), 1)
            link.ap_wanted = False  # it has been closed
            await link.up.wait()
            self.assertFalse(link.ap_open)
            self.assertEqual(link.answer("/x"), None)

        self.story(tell)

    def test_a_bug_of_it_rises_to_the_supervisor(self):
        async def tell(link, station, settings, log, backoff):
            Portal.fails = True
            link.setup()
            await asyncio.sleep_ms(60_000)

        with self.assertRaises(ValueError):
            self.story(tell)

    def test_asked_for_it_while_there_is_no_network(self):
        async def tell(link, station, settings, log, backoff):
            await until(lambda: link.state == "waiting")
            link.setup()
            await until(lambda: link.state == "access point", limit_s=1)

        self.story(tell, reach=False)


unittest.main()
