"""app.console.improv: state, device info, scan and Wi-Fi settings for an Improv client."""

import asyncio
import unittest

import suite
from fakes import NVS, Log, run, settings_on

from app.console.improv import Improv
from proto.improv import RPC, Splitter

KEY = "canary-key"
READY, PROVISIONING, PROVISIONED = ("state", 2), ("state", 3), ("state", 4)
INVALID, UNKNOWN, NOT_CONNECTED, FAILED = [("error", code) for code in (1, 2, 3, 255)]
OVER = ("error", 0)
INFO = ("cam", "1.2.3", "ESP32")


class WiFi:
    """Stands in for app.wifi.station.WiFiLink; an attempt takes 3 s."""

    def __init__(self):
        self.up = asyncio.Event()
        self.failure = ""
        self.attempts = []
        self.networks = []
        self.error = None

    def address(self):
        return "10.0.0.2"

    async def scan(self):
        if self.error:
            raise self.error
        return self.networks

    async def attempt(self, ssid, password, limit_ms):
        self.attempts.append((ssid, password, limit_ms))
        await asyncio.sleep_ms(3_000)
        if not self.failure:
            self.up.set()
        return self.failure


def decoded(data):
    """Return packets as ("state", n), ("error", n) or (command, text, ...)."""
    found, splitter = [], Splitter()
    for byte in data:
        assert not splitter.feed(byte)
        if splitter.packet:
            kind, body = splitter.packet
            if kind == 4:
                texts, rest = [], body[2:]
                assert len(rest) == body[1]
                while rest:
                    texts.append(rest[1 : 1 + rest[0]].decode())
                    rest = rest[1 + rest[0] :]
                found.append((body[0],) + tuple(texts))
            else:
                found.append(({1: "state", 2: "error"}[kind], body[0]))
    return found


def wifi_settings(ssid, password):
    data = b"".join(bytes((len(text),)) + text for text in (ssid, password))
    return bytes((1, len(data))) + data


class TestImprov(unittest.TestCase):
    def setUp(self):
        self.nvs, self.log, self.wifi = NVS(), Log(), WiFi()
        self.settings = settings_on(self.nvs, self.log, values={"ssid": "old", "password": KEY})
        self.improv = Improv(self.settings, self.wifi, self.log, INFO)

    def answers(self, *requests, kind=RPC):
        """Return the packets that answer some requests, each the data of a packet."""

        async def scenario():
            sent = bytearray()

            async def send(packet):
                sent.extend(packet)

            for data in requests:
                await self.improv.answer(kind, data, send)
            return sent

        try:
            return decoded(run(scenario()))
        finally:
            self.assertTrue("canary" not in str(self.log.infos + self.log.errors))
            self.assertTrue("canary" not in str(self.log.debugs))

    def test_state_without_a_network(self):
        self.assertEqual(self.answers(b"\x02\x00"), [READY])

    def test_state_with_a_network_has_the_address_of_the_page(self):
        self.wifi.up.set()
        self.assertEqual(self.answers(b"\x02\x00"), [PROVISIONED, (2, "http://10.0.0.2/")])

    def test_info(self):
        self.assertEqual(self.answers(b"\x03\x00"), [(3,) + INFO + ("esp32-mqtt-cam",)])

    def test_scan_ends_with_an_empty_result(self):
        self.wifi.networks = [("home", -40, True), ("Gäste", -71, False)]
        expected = [(4, "home", "-40", "YES"), (4, "Gäste", "-71", "NO"), (4,)]
        self.assertEqual(self.answers(b"\x04\x00"), expected)

    def test_network_is_joined_first_and_then_saved_at_once(self):
        answers = self.answers(wifi_settings(b"new", b"canary-new"))
        self.assertEqual(answers, [PROVISIONING, PROVISIONED, (1, "http://10.0.0.2/")])
        self.assertEqual(self.wifi.attempts, [("new", "canary-new", 28_000)])
        again = settings_on(self.nvs)
        self.assertEqual((again["ssid"], again["password"]), ("new", "canary-new"))

    def test_open_network(self):
        self.assertEqual(self.answers(wifi_settings(b"new", b""))[1], PROVISIONED)
        self.assertEqual((self.settings["ssid"], self.settings["password"]), ("new", ""))

    def test_network_that_cannot_be_joined_leaves_the_settings_alone(self):
        self.wifi.failure = "wrong password"
        writes = self.nvs.writes
        answers = self.answers(wifi_settings(b"new", b"canary-new"))
        self.assertEqual(answers, [PROVISIONING, NOT_CONNECTED, READY])
        self.assertEqual((self.settings["ssid"], self.settings["password"]), ("old", KEY))
        self.assertEqual(self.nvs.writes, writes)
        self.assertTrue("wrong password" in self.log.errors[-1][1])

    def test_error_is_over_with_the_next_state(self):
        self.wifi.failure = "wrong password"
        self.answers(wifi_settings(b"new", b"canary-new"))
        self.assertEqual(self.answers(b"\x02\x00"), [OVER, READY])
        self.assertEqual(self.answers(b"\x02\x00"), [READY])

    def test_values_that_the_settings_refuse_are_not_tried(self):
        for ssid, password in ((b"", b""), (b"s" * 40, b""), (b"home", b"short"), (b"a\nb", b"")):
            answers = self.answers(wifi_settings(ssid, password))
            self.assertEqual(answers[-2:], [NOT_CONNECTED, READY])
        self.assertEqual((self.wifi.attempts, self.settings["ssid"]), ([], "old"))

    def test_flash_error(self):
        self.nvs.full = True
        answers = self.answers(wifi_settings(b"new", b"canary-new"))
        self.assertEqual(answers, [PROVISIONING, FAILED])
        self.assertTrue("not saved" in str(self.log.errors))

    def test_malformed_commands(self):
        for data in (
            None,  # damaged
            b"",
            b"\x02",
            b"\x02\x01",  # longer than the packet
            b"\x02\x00\x00",
            b"\x01\x00",  # no network
            b"\x01\x02\x01a",  # no password
            b"\x01\x03\x01a\x09",  # a string longer than the packet
            b"\x01\x04\x01a\x00\x00",  # three strings
            wifi_settings(b"\xff\xfe", b""),  # not UTF-8
        ):
            self.assertEqual(self.answers(data), [INVALID], data)
        self.assertEqual(self.wifi.attempts, [])

    def test_unknown_command(self):
        self.assertEqual(self.answers(b"\x07\x00", b"\x00\x00"), [UNKNOWN, UNKNOWN])

    def test_packets_of_a_device_are_ignored(self):
        self.assertEqual(self.answers(b"\x02\x00", kind=1) + self.answers(None, kind=4), [])

    def test_bug_is_logged_and_reported(self):
        self.wifi.error = ZeroDivisionError()
        self.assertEqual(self.answers(b"\x04\x00", b"\x02\x00"), [FAILED, OVER, READY])
        self.assertTrue("ZeroDivisionError" in self.log.errors[-1][1])


suite.main()
