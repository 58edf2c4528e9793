"""hal.wifi against a chip with ESP-IDF's habits: codes that are stale, tries that never end."""

import sys
import unittest

import fasttime
from fakes import run

BSSID = b"\x10\x01\x00\xc4\nV"


class Chip:
    """Stands in for `network.WLAN(STA_IF)`; `after` = [(seconds, status), ...] since connect."""

    def __init__(self, interface=0):
        Chip.one = self
        self.on = False
        self.stale = 1_000
        self.after = []
        self.calls = []
        self.since = None
        self.associated = None

    def active(self, on):
        self.on = on

    def connect(self, ssid, key, bssid=None):
        assert self.on and self.since is None, "Wifi Internal Error"
        self.calls.append((ssid, key, bssid))
        self.since = fasttime.clock.now_ms()

    def disconnect(self):
        self.since = None

    def status(self, what=None):
        if what == "rssi":
            if self.associated is None:
                raise OSError("Wifi Not Connected")
            return self.associated
        now = self.stale
        if self.since is not None:
            for seconds, code in self.after:
                if fasttime.clock.now_ms() - self.since >= 1_000 * seconds:
                    now = code
        return now

    def isconnected(self):
        return self.status() == 1_010

    def ifconfig(self):
        return ("10.0.0.2" if self.isconnected() else "0.0.0.0", "", "", "")

    def scan(self):
        return [self.on]


class Network:
    STA_IF = 0
    STAT_CONNECTING = 1_001
    STAT_NO_AP_FOUND = 201
    WLAN = Chip

    @staticmethod
    def hostname(name):
        Network.name = name


sys.modules["network"] = Network
from hal.wifi import Station  # noqa: E402  the chip has to be there first


class TestJoin(unittest.TestCase):
    def join(self, after, stale=1_000, associated=None, bssid=None):
        """(joined, seconds that it took, why not)."""
        station = Station("ESP32-A1B2C3-cam")
        Chip.one.after, Chip.one.stale, Chip.one.associated = after, stale, associated
        started = fasttime.clock.now_ms()
        joined = run(station.join("home", "password", bssid, 15_000))
        return joined, (fasttime.clock.now_ms() - started) // 1_000, station.why()

    def test_joined(self):
        self.assertEqual(self.join([(1, 1_001), (2, 1_010)], bssid=BSSID)[:2], (True, 2))
        self.assertEqual(Chip.one.calls, [("home", "password", BSSID)])
        self.assertEqual(Network.name, "ESP32-A1B2C3-cam")

    def test_absent_network_is_known_after_the_first_look_on_all_channels(self):
        self.assertEqual(self.join([(2.46, 201)]), (False, 3, "no such network"))

    def test_other_failures_are_given_a_second_chance(self):
        self.assertEqual(self.join([(3, 202)]), (False, 7, "wrong password"))
        self.assertEqual(self.join([(3, 202), (6, 1_001), (7, 1_010)])[0], True)
        self.assertTrue("no encryption" in self.join([(1, 210)])[2])

    def test_a_stale_code_ends_nothing(self):
        self.assertEqual(self.join([(9, 1_010)], stale=201)[:2], (True, 9))
        self.assertEqual(self.join([], stale=202)[:2], (False, 15))

    def test_silence(self):
        self.assertEqual(self.join([(0, 1_001)]), (False, 15, "no answer"))

    def test_associated_without_an_address(self):
        self.assertEqual(self.join([(0, 1_001)], associated=-50), (False, 15, "no address"))
        self.assertEqual(self.join([(0, 1_001)], stale=201, associated=-50)[2], "no address")

    def test_leaving_what_was_never_joined(self):
        station = Station("x")
        Chip.one.disconnect = lambda: self._refuse()
        station.leave()
        self.assertEqual((station.address(), station.rssi(), station.joined()), ("", None, False))

    def _refuse(self):
        raise OSError("Wifi Not Started")

    def test_scan_switches_the_radio_on(self):
        self.assertEqual(Station("x").scan(), [True])


unittest.main()
