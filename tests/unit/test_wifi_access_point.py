"""app.wifi.access_point: settings, DNS responses, and closing when idle."""

import asyncio
import gc
import socket
import unittest

import suite
from fakes import Backoff, Direct, Log, clock, ended, free_port, readable, run, until

import app.wifi.access_point as access_point
from app.wifi.access_point import AccessPoint
from app.wifi.station import WiFiLink

QUERY = b"\x12\x34\x01\0\0\1\0\0\0\0\0\0\3www\7example\0\0\1\0\1"
TEN_MINUTES = 600_000
SETTINGS = {"password": "", "ssid2": "", "password2": "", "ssid3": "", "password3": "", "ip": ""}
SETTINGS.update(apfallback=180, apip="127.0.0.1", appass="", apchannel=1)


class Radio:
    """Stands in for hal.wifi.SoftAP; records its calls."""

    def __init__(self):
        self.done = []
        self.joined = 0
        self.broken = self.lost = False

    def open(self, *config):
        if self.broken:
            raise OSError("Wifi Internal Error")
        self.done.append(config)

    def clients(self):
        if self.lost:
            raise OSError("Wifi Not Started")
        return self.joined

    def close(self):
        self.done.append("closed")


class AccessPointTestCase(unittest.TestCase):
    def run_case(self, scenario, broken=False, port=None):
        async def main():
            self.radio, self.log, self.networks = Radio(), Log(), [("home", "")]
            self.radio.broken = broken
            self.settings = {"apip": "127.0.0.1", "appass": "", "apchannel": 1}
            self.port = port or free_port()
            ap = AccessPoint(
                self.radio, self.settings, self.log, lambda: self.networks, dns_port=self.port
            )
            self.task = asyncio.create_task(ap.run())
            try:
                await scenario(ap)
            finally:
                await ended(self.task)
            self.assertEqual((ap.address, ap.clients, self.radio.done[-1]), ("", 0, "closed"))

        run(main(), 100_000)


class TestOpening(AccessPointTestCase):
    def test_opens_with_its_settings(self):
        async def scenario(ap):
            self.assertEqual((self.radio.done, ap.address), ([], ""))
            await until(lambda: ap.address)
            self.assertEqual((self.radio.done, ap.address), ([("127.0.0.1", "", 1)], "127.0.0.1"))

        self.run_case(scenario)

    def test_closes_when_it_is_cancelled(self):
        async def scenario(ap):
            await until(lambda: ap.address)
            self.radio.joined = 2
            await until(lambda: ap.clients == 2)
            await ended(self.task)
            self.assertEqual((ap.address, ap.clients, self.radio.done[-1]), ("", 0, "closed"))

        self.run_case(scenario)

    def test_closes_after_ten_minutes_without_clients(self):
        async def scenario(ap):
            await until(lambda: ap.address)
            await asyncio.sleep_ms(TEN_MINUTES - 5_000)
            self.radio.joined = 1
            await asyncio.sleep_ms(TEN_MINUTES + 60_000)
            self.assertTrue(ap.address)
            self.radio.joined, left = 0, clock.now_ms()
            await until(self.task.done, limit_s=700)
            self.assertTrue(0 <= clock.now_ms() - left - TEN_MINUTES < 10_000)
            self.assertEqual((len(self.radio.done), ap.address), (2, ""))

        self.run_case(scenario)

    def test_stays_open_without_a_known_network(self):
        async def scenario(ap):
            self.networks = []
            await until(lambda: ap.address)
            await asyncio.sleep_ms(TEN_MINUTES + 60_000)
            self.assertTrue(ap.address)

        self.run_case(scenario)

    def test_changed_settings_reopen_it(self):
        async def scenario(ap):
            await until(lambda: ap.address)
            self.settings.update(appass="canary-key", apchannel=6)
            await until(lambda: len(self.radio.done) == 3)
            self.assertEqual(self.radio.done[1:], ["closed", ("127.0.0.1", "canary-key", 6)])
            await until(lambda: ap.address)
            self.assertFalse("canary" in str(self.log.infos) + str(self.log.errors))

        self.run_case(scenario)

    def test_radio_that_fails_is_retried(self):
        async def scenario(ap):
            await asyncio.sleep_ms(60_000)
            self.assertTrue(4 < len(self.log.errors) < 8)
            self.radio.broken = False
            await until(lambda: ap.address)
            self.radio.lost = True
            await until(lambda: not ap.address, limit_s=2)
            self.radio.lost = False
            await until(lambda: ap.address)

        self.run_case(scenario, broken=True)

    def test_reopening_takes_no_more_heap(self):
        async def scenario(ap):
            await until(lambda: ap.address)
            before = None
            for _ in range(4):
                await ended(self.task)
                self.log.infos.clear()
                self.radio.done.clear()
                gc.collect()
                before = before or gc.mem_alloc()
                left = gc.mem_alloc() - before
                self.task = asyncio.create_task(ap.run())
                await until(lambda: ap.address)
            self.assertTrue(left < 1_000, left)

        self.run_case(scenario)


class Absent:
    """Stands in for hal.wifi.Station; its network is never there."""

    def scan(self):
        return []

    async def join(self, ssid, password, bssid, timeout_ms, static=None):
        await asyncio.sleep_ms(timeout_ms)
        return False

    def leave(self):
        pass

    def failure(self):
        return "no such network"

    def address(self):
        return ""


class TestFallback(unittest.TestCase):
    """What the link opens while the network is away."""

    def setUp(self):
        port = free_port()
        access_point.AccessPoint = lambda *parts: AccessPoint(*parts, dns_port=port)

    def tearDown(self):
        access_point.AccessPoint = AccessPoint

    def test_without_a_password_it_closes_after_ten_minutes_without_a_client(self):
        async def main():
            radio, settings = Radio(), dict(SETTINGS, ssid="home")
            link = WiFiLink(Absent(), radio, settings, Log(), Backoff(2_000), Direct())
            task = asyncio.create_task(link.run())
            try:
                await until(lambda: link.ap_open, limit_s=300)
                self.assertEqual(radio.done, [("127.0.0.1", "", 1)])
                radio.joined = 1
                await asyncio.sleep_ms(TEN_MINUTES + 60_000)
                self.assertTrue(link.ap_open)
                radio.joined, left = 0, clock.now_ms()
                await until(lambda: not link.ap_open, limit_s=700)
                self.assertTrue(0 <= clock.now_ms() - left - TEN_MINUTES < 10_000)
                await asyncio.sleep_ms(TEN_MINUTES)
                self.assertEqual(radio.done[1:], ["closed"])
                self.assertIn(link.state, ("joining", "waiting"))
            finally:
                await ended(task)

        run(main(), 100_000)


class TestNameServer(AccessPointTestCase):
    """DNS on a port of the loopback interface."""

    def dialogue(self, scenario):
        async def with_client(ap):
            client = _client(self.port)
            try:
                await until(lambda: ap.address)
                self.radio.joined = 1
                await until(lambda: ap.clients)  # the socket is bound by the next poll
                await scenario(client)
            finally:
                client.close()

        self.run_case(with_client)

    async def resolve(self, client, query, limit_ms=2_000):
        client.send(query)
        await asyncio.wait_for_ms(readable(client), limit_ms)
        return client.recv(600)

    def test_responses(self):
        async def scenario(client):
            for _ in range(3):
                self.assertTrue((await self.resolve(client, QUERY)).endswith(b"\x7f\0\0\1"))

        self.dialogue(scenario)

    def test_malformed_packets_are_skipped(self):
        async def scenario(client):
            for rubbish in (b"", b"x", bytes(11), QUERY[:2] + b"\x81" + QUERY[3:]):
                client.send(rubbish)
            reply = await self.resolve(client, b"\x77" + QUERY[1:])
            self.assertEqual(reply[:1], b"\x77")
            reply = await self.resolve(client, QUERY + bytes(1_400))  # longer than any query
            self.assertTrue(reply.endswith(b"\x7f\0\0\1") and len(reply) == len(QUERY) + 16)

        self.dialogue(scenario)

    def test_socket_that_fails_is_replaced(self):
        async def scenario(ap):
            await until(lambda: self.log.errors)
            self.assertTrue("name server" in str(self.log.errors))
            other.close()
            client = _client(self.port)
            try:
                await asyncio.sleep_ms(6_000)
                self.assertTrue((await self.resolve(client, QUERY)).endswith(b"\x7f\0\0\1"))
            finally:
                client.close()

        port = free_port()
        other = _bound(port)
        self.run_case(scenario, port=port)

    def test_minutes_of_queries_take_no_more_heap(self):
        async def minute(client):
            for number in range(50):
                await self.resolve(client, bytes((number, 7)) + QUERY[2:])
            await asyncio.sleep_ms(60_000)
            gc.collect()
            return gc.mem_alloc()

        async def scenario(client):
            self.radio.joined = 4  # the limit of the radio
            heaps = []
            for _ in range(20):
                heaps.append(await minute(client))
            self.assertTrue(heaps[-1] - heaps[1] < 1_000, heaps)

        self.dialogue(scenario)

    def test_flood_takes_no_heap(self):
        async def scenario(client):
            await self.resolve(client, QUERY)
            gc.collect()
            before = gc.mem_alloc()
            for _ in range(200):
                await self.resolve(client, QUERY)
            gc.collect()
            self.assertTrue(gc.mem_alloc() - before < 1_000)

        self.dialogue(scenario)


def _bound(port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.bind(socket.getaddrinfo("127.0.0.1", port)[0][-1])
    except OSError:
        sock.close()
        raise
    return sock


def _client(port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect(socket.getaddrinfo("127.0.0.1", port)[0][-1])
    return sock


suite.main()
