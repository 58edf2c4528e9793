"""Checks `network.WLAN` against ESP-IDF; joins no network, so it runs anywhere."""

import socket
import time
import unittest

import network

STA = network.WLAN(network.STA_IF)


def refused(function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except (OSError, RuntimeError, ValueError) as exc:
        return type(exc), exc.args
    return None


def error(text):
    return OSError, (text,)


class WiFiTestCase(unittest.TestCase):
    def setUp(self):
        STA.active(True)
        STA.disconnect()

    def tearDown(self):
        STA.active(True)
        STA.disconnect()
        STA.config(reconnects=-1)
        STA.active(False)


class TestStation(WiFiTestCase):
    def test_one_object_per_interface(self):
        self.assertIs(network.WLAN(network.STA_IF), STA)

    def test_active(self):
        self.assertTrue(STA.active())
        STA.active(False)
        self.assertFalse(STA.active())

    def test_not_joined(self):
        self.assertFalse(STA.isconnected())
        self.assertIn(STA.status(), (network.STAT_IDLE, network.STAT_NO_AP_FOUND))  # may be stale
        self.assertEqual(STA.ifconfig()[0], "0.0.0.0")
        self.assertEqual(refused(STA.status, "rssi"), error("Wifi Not Connected"))

    def test_connect_while_inactive(self):
        STA.active(False)
        self.assertEqual(refused(STA.connect, "some", "password"), error("Wifi Not Started"))

    def test_connect_without_a_name(self):
        self.assertEqual(refused(STA.connect, "", ""), error("Wifi SSID Invalid"))

    def test_connect_while_connecting(self):
        STA.connect("no such network", "password")
        args = ("another", "password")
        self.assertEqual(refused(STA.connect, *args), error("Wifi Internal Error"))
        STA.disconnect()
        self.assertIsNone(refused(STA.connect, *args))

    def test_unknown_network(self):
        STA.config(reconnects=0)
        STA.connect("no such network", "password")
        end = time.ticks_add(time.ticks_ms(), 6_000)
        while STA.status() != network.STAT_NO_AP_FOUND:
            self.assertTrue(time.ticks_diff(end, time.ticks_ms()) > 0, STA.status())
            time.sleep_ms(20)
        STA.disconnect()
        self.assertEqual(STA.status(), network.STAT_NO_AP_FOUND)  # the last failure is kept

    def test_disconnect_without_an_active_interface(self):
        STA.active(False)
        self.assertEqual(refused(STA.disconnect), error("Wifi Not Started"))

    def test_invalid_passwords_are_accepted(self):
        """The chip does not check passwords, so the caller must."""
        for name, password in (("n" * 32, "short"), ("some", "p" * 64)):
            STA.connect(name, password)
            STA.disconnect()


class TestConfig(WiFiTestCase):
    def test_parameter_of_an_access_point(self):
        self.assertEqual(refused(STA.config, "security"), error("AP required"))

    def test_unknown_parameter(self):
        unknown = ValueError, ("unknown config param",)
        self.assertEqual(refused(STA.config, "bandwidth"), unknown)
        self.assertEqual(refused(STA.config, "password"), unknown)

    def test_mac(self):
        self.assertEqual(len(STA.config("mac")), 6)

    def test_power_saving(self):
        STA.config(pm=network.WLAN.PM_NONE)
        self.assertEqual(STA.config("pm"), network.WLAN.PM_NONE)
        STA.config(pm=network.WLAN.PM_PERFORMANCE)

    def test_hostname(self):
        before = network.hostname()
        network.hostname("relay-123456")
        self.assertEqual(network.hostname(), "relay-123456")
        self.assertEqual(refused(network.hostname, "h" * 40)[0], ValueError)
        network.hostname(before)

    def test_scan(self):
        STA.active(False)
        self.assertEqual(refused(STA.scan), None)
        STA.active(True)
        for ssid, bssid, channel, rssi, security, hidden in STA.scan():
            self.assertIsInstance(ssid, bytes)
            self.assertEqual(len(bssid), 6)
            self.assertTrue(rssi < 0 < channel and security >= 0 and not hidden)


class TestAccessPoint(unittest.TestCase):
    """The board's access point, which accepts settings once it is active."""

    def setUp(self):
        self.ap = network.WLAN(network.AP_IF)
        self.ap.active(True)

    def tearDown(self):
        self.ap.active(False)

    def test_open_and_with_a_password(self):
        self.ap.config(ssid="camera-test", security=0, password="")
        self.assertEqual((self.ap.config("ssid"), self.ap.config("security")), ("camera-test", 0))
        self.ap.config(ssid="camera-test", security=3, password="long enough")
        self.assertEqual(self.ap.config("security"), 3)

    def test_short_password(self):
        short = {"ssid": "camera-test", "security": 3, "password": "short"}
        self.assertEqual(refused(self.ap.config, **short), error("Wifi Invalid Password"))

    def test_password_cannot_be_read(self):
        unknown = ValueError, ("unknown config param",)
        self.assertEqual(refused(self.ap.config, "password"), unknown)

    def test_no_clients(self):
        self.assertEqual((self.ap.status(), self.ap.status("stations")), (None, []))
        self.assertFalse(self.ap.isconnected())

    def test_address(self):
        wanted = ("192.168.1.1", "255.255.255.0", "192.168.1.1", "192.168.1.1")
        self.ap.ifconfig(wanted)
        self.assertEqual(self.ap.ifconfig()[:3], wanted[:3])

    def test_disconnect_of_the_station_while_active(self):
        """The station raises an error without text that is not an OSError."""
        STA.active(False)
        unknown = RuntimeError, ("Wifi Unknown Error 0xffffffff",)
        self.assertEqual(refused(STA.disconnect), unknown)

    def test_name_server_can_be_bound(self):
        self.ap.ifconfig(("192.168.1.1", "255.255.255.0", "192.168.1.1", "192.168.1.1"))
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.bind(socket.getaddrinfo("192.168.1.1", 53)[0][-1])
        finally:
            sock.close()


unittest.main()
