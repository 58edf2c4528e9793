"""app.wifi: joined for as long as there is a network, and back when there is one again."""

import asyncio
import unittest

from fakes import Backoff, Log, clock, ended, run, until

from app.wifi import WiFiLink


class Station:
    """An access point within reach or not; a join takes a second, or all of its time."""

    def __init__(self):
        self.reach = True
        self.reason = "no such network"
        self.ip = "10.0.0.2"
        self.joins = []
        self._joined = False

    async def join(self, ssid, password, timeout_ms):
        self.joins.append((ssid, password))
        self._joined = self.reach
        await asyncio.sleep_ms(1_000 if self.reach else timeout_ms)
        self._joined = self.reach
        return self.joined()

    def leave(self):
        self._joined = False

    def joined(self):
        return self._joined and self.reach and bool(self.ip)

    def address(self):
        return self.ip if self._joined and self.reach else ""

    def why(self):
        return self.reason

    def rssi(self):
        return -60 if self.joined() else None


class TestWiFi(unittest.TestCase):
    def story(self, tell, ssid="home", reach=True):
        async def whole():
            station = Station()
            station.reach = reach
            settings = {"ssid": ssid, "password": "canary"}
            log = Log()
            backoff = Backoff(2_000)
            link = WiFiLink(station, settings, log, backoff)
            task = asyncio.create_task(link.run())
            try:
                await tell(link, station, settings, log, backoff)
            finally:
                await ended(task)
            self.assertFalse(link.up.is_set())
            self.assertTrue("canary" not in str(log.infos) + str(log.errors))

        run(whole(), 100_000)

    def test_joins_and_stays(self):
        async def tell(link, station, settings, log, backoff):
            await link.up.wait()
            await asyncio.sleep_ms(3_600_000)
            self.assertEqual((link.state, link.reason, link.joins), ("joined", "", 1))
            self.assertEqual(station.joins, [("home", "canary")])
            self.assertEqual((backoff.resets, link.rssi()), (1, -60))

        self.story(tell)

    def test_without_a_name_it_waits_and_says_so(self):
        async def tell(link, station, settings, log, backoff):
            await asyncio.sleep_ms(60_000)
            self.assertEqual((link.state, link.reason), ("waiting", "ssid is not set"))
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


unittest.main()
