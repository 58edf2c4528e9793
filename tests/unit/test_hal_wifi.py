"""hal.wifi on a chip like ESP-IDF: stale codes, endless retries, two error classes."""

import sys
import unittest

import fasttime
import suite
from fakes import outcome, run

BSSID = b"\x10\x01\x00\xc4\nV"
UNKNOWN = "Wifi Unknown Error 0xffffffff"
NO_MEMORY = "Wifi Unknown Error 0x0101"


class Chip:
    """Stands in for `network.WLAN`.

    `after` is a list of (seconds since connect, status), `errors` a dict {method: exception},
    `refusal` the exception of the constructor.
    """

    refusal = None

    def __init__(self, interface=0):
        if Chip.refusal:
            raise Chip.refusal
        Chip.one = self
        self.on = False
        self.stale = 1_000
        self.after = []
        self.calls = []
        self.since = None
        self.associated = None
        self.errors = {}

    def _do(self, name):
        if name in self.errors:
            raise self.errors[name]

    def active(self, on):
        self._do("active")
        self.on = on

    def connect(self, ssid, key, bssid=None):
        self._do("connect")
        assert self.on and self.since is None, "Wifi Internal Error"
        self.calls.append((ssid, key, bssid))
        self.since = fasttime.clock.now_ms()

    def disconnect(self):
        self._do("disconnect")
        self.since = None

    def status(self, what=None):
        self._do("status")
        if what == "stations":
            return [(BSSID,), (BSSID,)]
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
        self._do("isconnected")
        return self.status() == 1_010

    def ifconfig(self, address=None):
        self._do("ifconfig")
        if address:
            self.calls.append(address)
        return ("10.0.0.2" if self.isconnected() else "0.0.0.0", "", "", "")

    def config(self, **settings):
        self._do("channel" if "channel" in settings else "config")
        self.calls.append(settings)

    def scan(self):
        self._do("scan")
        return [self.on]


class Network:
    STA_IF = 0
    AP_IF = 1
    STAT_CONNECTING = 1_001
    STAT_NO_AP_FOUND = 201
    WLAN = Chip

    refusal = None

    @staticmethod
    def hostname(name):
        if Network.refusal:
            raise Network.refusal
        Network.name = name


sys.modules["network"] = Network
from hal import wifi  # noqa: E402  after the module that it imports


def both_classes(text=UNKNOWN):
    return OSError(text), RuntimeError(text)


class TestJoin(unittest.TestCase):
    def join(self, after, stale=1_000, associated=None, bssid=None):
        """Return (joined, duration in s, reason of the failure)."""
        station = wifi.Station("ESP32-A1B2C3-cam")
        Chip.one.after, Chip.one.stale, Chip.one.associated = after, stale, associated
        started = fasttime.clock.now_ms()
        joined = run(station.join("home", "password", bssid, 15_000))
        return joined, (fasttime.clock.now_ms() - started) // 1_000, station.failure()

    def test_joined(self):
        self.assertEqual(self.join([(1, 1_001), (2, 1_010)], bssid=BSSID)[:2], (True, 2))
        self.assertEqual(Chip.one.calls, [("home", "password", BSSID)])
        self.assertEqual(Network.name, "ESP32-A1B2C3-cam")

    def test_static_address_and_dhcp_again(self):
        station = wifi.Station("cam")
        static = "10.0.0.9", "255.255.255.0", "10.0.0.1", "10.0.0.1"
        for wanted in (static, None, None):
            Chip.one.after = [(1, 1_010)]
            self.assertTrue(run(station.join("home", "password", None, 15_000, wanted)))
        joined = ("home", "password", None)
        self.assertEqual(Chip.one.calls, [static, joined, "dhcp", joined, joined])

    def test_absent_network_fails_after_one_scan_of_all_channels(self):
        self.assertEqual(self.join([(2.46, 201)]), (False, 3, "no such network"))

    def test_other_failures_are_retried_once(self):
        self.assertEqual(self.join([(3, 202)]), (False, 7, "wrong password"))
        self.assertEqual(self.join([(3, 202), (6, 1_001), (7, 1_010)])[0], True)
        self.assertTrue("no encryption" in self.join([(1, 210)])[2])

    def test_stale_code_is_ignored(self):
        self.assertEqual(self.join([(9, 1_010)], stale=201)[:2], (True, 9))
        self.assertEqual(self.join([], stale=202)[:2], (False, 15))

    def test_no_answer(self):
        self.assertEqual(self.join([(0, 1_001)]), (False, 15, "no answer"))

    def test_associated_without_an_address(self):
        self.assertEqual(self.join([(0, 1_001)], associated=-50), (False, 15, "no address"))
        self.assertEqual(self.join([(0, 1_001)], stale=201, associated=-50)[2], "no address")


class TestErrors(unittest.TestCase):
    def tearDown(self):
        Chip.refusal = Network.refusal = None

    def raised(self, function, *args):
        """Return the text of the OSError that a call raises."""
        try:
            function(*args)
        except OSError as e:
            self.assertIs(type(e), OSError)
            return str(e)
        self.fail("no error")

    def test_constructors_and_start_raise_oserror(self):
        for error in both_classes():
            Chip.refusal, Network.refusal = error, None
            self.assertEqual(self.raised(wifi.start), UNKNOWN)
            self.assertEqual(self.raised(wifi.Station, "x"), UNKNOWN)
            self.assertEqual(self.raised(wifi.SoftAP, "x"), UNKNOWN)
            Chip.refusal, Network.refusal = None, error
            self.assertEqual(self.raised(wifi.Station, "x"), UNKNOWN)

    def test_lack_of_memory_is_told_in_words(self):
        for error in both_classes(NO_MEMORY):
            Chip.refusal = error
            self.assertEqual(self.raised(wifi.start), "not enough memory for Wi-Fi")
            Chip.refusal = None
            station = wifi.Station("x")
            Chip.one.errors = {"connect": error}
            found = run(outcome(station.join("home", "", None, 15_000)))
            self.assertEqual(str(found), "not enough memory for Wi-Fi")

    def test_queries_of_a_failing_radio_return_nothing(self):
        for error in both_classes():
            for method in ("isconnected", "ifconfig", "status"):
                station = wifi.Station("x")
                Chip.one.stale = 1_010  # joined
                self.assertEqual(station.address(), "10.0.0.2")
                Chip.one.errors = {method: error}
                self.assertEqual((station.address(), station.joined()), ("", False))
                self.assertEqual(station.rssi(), None)
                self.assertEqual(station.failure(), "not joined")

    def test_status_that_fails_while_joining_ends_the_attempt(self):
        for error in both_classes():
            station = wifi.Station("x")
            Chip.one.errors = {"status": error}
            found = run(outcome(station.join("home", "", None, 15_000)))
            self.assertEqual((type(found), str(found)), (OSError, UNKNOWN))

    def test_join_and_scan_raise_oserror(self):
        for method in ("active", "connect", "scan"):
            for error in both_classes():
                station = wifi.Station("x")
                Chip.one.errors = {method: error}
                if method != "scan":
                    found = run(outcome(station.join("home", "", None, 15_000)))
                    self.assertEqual((type(found), str(found)), (OSError, UNKNOWN))
                if method != "connect":
                    with self.assertRaises(OSError):
                        station.scan()

    def test_leave_while_only_the_access_point_is_active(self):
        for error in both_classes() + both_classes("Wifi Not Started"):
            station = wifi.Station("x")
            Chip.one.errors = {"disconnect": error}
            station.leave()
            state = station.address(), station.rssi(), station.joined()
            self.assertEqual(state, ("", None, False))
            Chip.one.after = [(0, 1_010)]
            self.assertTrue(run(station.join("home", "", None, 15_000)))

    def test_access_point_raises_oserror_but_closes_without_errors(self):
        for error in both_classes():
            radio = wifi.SoftAP("DVES_A1B2C3")
            for method in ("active", "config"):
                Chip.one.errors = {method: error}
                with self.assertRaises(OSError):
                    radio.open("192.168.1.1", "", 1)
            Chip.one.errors = {"status": error}
            with self.assertRaises(OSError):
                radio.clients()
            Chip.one.errors = {"active": error}
            radio.close()


class TestOff(unittest.TestCase):
    def test_leaves_and_switches_the_radio_off_whatever_fails(self):
        station = wifi.Station("x")
        for errors in ({}, {"disconnect": OSError("Wifi Not Started")}, {"active": OSError(1)}):
            Chip.one.on, Chip.one.since, Chip.one.errors = True, 1, errors
            station.off()
            self.assertEqual(Chip.one.on, "active" in errors)
            self.assertEqual(Chip.one.since, 1 if "disconnect" in errors else None)


class TestScan(unittest.TestCase):
    def test_starts_the_radio(self):
        self.assertEqual(wifi.Station("x").scan(), [True])


class TestStart(unittest.TestCase):
    def test_station_is_active(self):
        wifi.start()
        self.assertTrue(Chip.one.on)


class TestSoftAP(unittest.TestCase):
    def opened(self, password, errors=None):
        radio = wifi.SoftAP("DVES_A1B2C3")
        Chip.one.errors = errors or {}
        radio.open("192.168.1.1", password, 6)
        self.assertEqual((Chip.one.on, radio.clients()), (True, 2))
        radio.close()
        self.assertFalse(Chip.one.on)
        return Chip.one.calls

    def test_open_and_with_a_password(self):
        address = ("192.168.1.1", "255.255.255.0", "192.168.1.1", "192.168.1.1")
        for password, security in (("", 0), ("long enough", 3)):
            config = {"ssid": "DVES_A1B2C3", "security": security, "password": password}
            self.assertEqual(self.opened(password), [config, {"channel": 6}, address])

    def test_channel_is_that_of_the_joined_station(self):
        for error in both_classes():
            self.assertEqual(len(self.opened("", {"channel": error})), 2)


suite.main()
