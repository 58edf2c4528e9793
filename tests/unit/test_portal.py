"""app.wifi.portal and app.wifi.access_point: the access point comes, answers, and goes."""

import asyncio
import gc
import random
import socket
import sys
import unittest

from fakes import Log, clock, ended, readable, run, until

from aio.late import borrow
from app.wifi.portal import Portal

SETTINGS = {"apip": "127.0.0.1", "appass": "", "apchannel": 1}
QUERY = b"\x12\x34\x01\0\0\1\0\0\0\0\0\0\3www\7example\0\0\1\0\1"
TEN_MINUTES = 600_000


class Radio:
    """Stands in for hal.ap; remembers what was done with it."""

    done = []
    joined = 0
    broken = False

    def __init__(self, name):
        self.name = name

    def open(self, *how):
        if Radio.broken:
            raise OSError("Wifi Internal Error")
        Radio.done.append((self.name,) + how)

    def clients(self):
        return Radio.joined

    def close(self):
        Radio.done.append("closed")


class RadioModule:
    AccessPoint = Radio


class WiFi:
    """What the portal knows of app.wifi.station."""

    def __init__(self):
        self.up = asyncio.Event()
        self.ap_wanted, self.portal, self.ap_task = True, None, "ours"
        self.ap_address, self.ap_clients, self.networks = "", 0, [("home", "")]

    @property
    def ap_open(self):
        return bool(self.ap_address) and not self.up.is_set()

    def known(self):
        return self.networks


class PortalCase(unittest.TestCase):
    def story(self, tell, broken=False):
        sys.modules["fake.radio"] = RadioModule
        Radio.done, Radio.joined, Radio.broken = [], 0, broken

        async def whole():
            wifi, settings, log = WiFi(), dict(SETTINGS), Log()
            portal = Portal(wifi, settings, log, "fake.radio", "DVES_A1B2C3")
            wifi.portal = portal
            task = asyncio.create_task(portal.run())
            try:
                await tell(portal, wifi, settings, log)
            finally:
                await ended(task)
            self.assertEqual((wifi.ap_open, wifi.portal), (False, None))
            self.assertTrue(not Radio.done or Radio.done[-1] == "closed", Radio.done)

        run(whole(), 100_000)

    async def opened(self, wifi):
        await until(lambda: wifi.ap_open)


class TestOpening(PortalCase):
    def test_opened_as_it_is_set(self):
        async def tell(portal, wifi, settings, log):
            self.assertEqual((Radio.done, portal.answer("/generate_204")), ([], None))
            await self.opened(wifi)
            self.assertEqual(Radio.done, [("DVES_A1B2C3", "127.0.0.1", "", 1)])

        self.story(tell)

    def test_closed_as_soon_as_a_network_is_joined(self):
        async def tell(portal, wifi, settings, log):
            await self.opened(wifi)
            Radio.joined = 2
            await until(lambda: wifi.ap_clients == 2)
            wifi.up.set()
            self.assertFalse(wifi.ap_open)  # at once: what comes now has come by the network
            await until(lambda: Radio.done[-1] == "closed", limit_s=1)
            self.assertEqual((wifi.ap_address, wifi.ap_clients), ("", 0))
            await until(lambda: wifi.portal is None, limit_s=1)
            self.assertEqual(wifi.ap_task, None)
            self.assertFalse(wifi.ap_wanted)

        self.story(tell)

    def test_closed_after_ten_minutes_without_anybody(self):
        async def tell(portal, wifi, settings, log):
            await self.opened(wifi)
            await asyncio.sleep_ms(TEN_MINUTES - 5_000)
            Radio.joined = 1
            await asyncio.sleep_ms(TEN_MINUTES + 60_000)
            self.assertTrue(wifi.ap_open)
            Radio.joined, left = 0, clock.now_ms()
            await until(lambda: not wifi.ap_open, limit_s=700)
            self.assertTrue(0 <= clock.now_ms() - left - TEN_MINUTES < 10_000)
            await asyncio.sleep_ms(60_000)
            self.assertEqual(len(Radio.done), 2)

        self.story(tell)

    def test_stays_while_there_is_no_network_to_join(self):
        async def tell(portal, wifi, settings, log):
            wifi.networks = []
            await self.opened(wifi)
            await asyncio.sleep_ms(TEN_MINUTES + 60_000)
            self.assertTrue(wifi.ap_open)

        self.story(tell)

    def test_other_settings_open_it_anew(self):
        async def tell(portal, wifi, settings, log):
            await self.opened(wifi)
            settings.update(appass="canary-key", apchannel=6)
            await until(lambda: len(Radio.done) == 3)
            anew = "DVES_A1B2C3", "127.0.0.1", "canary-key", 6
            self.assertEqual(Radio.done[1:], ["closed", anew])
            self.assertTrue(wifi.ap_wanted and wifi.portal is portal)
            self.assertFalse("canary" in str(log.infos) + str(log.errors))

        self.story(tell)

    def test_a_radio_that_fails_is_tried_again(self):
        async def tell(portal, wifi, settings, log):
            await asyncio.sleep_ms(60_000)
            self.assertTrue(4 < len(log.errors) < 8)
            Radio.broken = False
            await until(lambda: wifi.ap_open)

        self.story(tell, broken=True)

    def test_closed_it_leaves_nothing_behind(self):
        async def tell(portal, wifi, settings, log):
            await self.opened(wifi)
            self.assertFalse("app.wifi.access_point" in sys.modules)
            wifi.ap_wanted = False
            wifi.up.set()
            await until(lambda: wifi.portal is None)
            before = None
            for _ in range(4):
                log.infos.clear()
                Radio.done.clear()
                gc.collect()
                before = before or gc.mem_alloc()
                left = gc.mem_alloc() - before
                wifi.up.clear()
                wifi.ap_wanted = True
                again = asyncio.create_task(portal.run())
                await self.opened(wifi)
                wifi.up.set()
                await again
                again = None
            self.assertTrue(left < 1_000, left)

        self.story(tell)


class TestProbes(PortalCase):
    def test_each_maker_is_led_to_the_page(self):
        async def tell(portal, wifi, settings, log):
            await self.opened(wifi)
            home = (302, "http://127.0.0.1/")
            for path in (
                "/generate_204 /gen_204 /hotspot-detect.html /library/test/success.html /ncsi.txt "
                "/redirect /fwlink /canonical.html /any/other"
            ).split():
                self.assertEqual(portal.answer(path), home, path)
            self.assertEqual(portal.answer("/connecttest.txt"), (302, "http://logout.net/"))
            for path in ("/wpad.dat", "/favicon.ico"):
                self.assertEqual(portal.answer(path), (404, ""))
            for path in ("/success.txt", "/chrome-variations/seed", "/service/update2/json"):
                self.assertEqual(portal.answer(path), (200, ""))

        self.story(tell)


class TestNames(unittest.TestCase):
    """The name server on a port of the loopback."""

    def story(self, tell):
        async def whole():
            wifi, log, port = WiFi(), Log(), _free_port()
            apmode = borrow("app.wifi.access_point")
            Radio.done, Radio.joined, Radio.broken = [], 0, False
            mode = apmode.APMode(wifi, dict(SETTINGS), log, Radio("x"), port=port)
            task = asyncio.create_task(mode.run())
            caller = _caller(port)
            try:
                await until(lambda: wifi.ap_open)
                await tell(caller, log)
            finally:
                caller.close()
                await ended(task)
            self.assertEqual(Radio.done[-1], "closed")

        run(whole(), 10_000)

    async def ask(self, caller, query, limit_ms=2_000):
        caller.send(query)
        await asyncio.wait_for_ms(readable(caller), limit_ms)
        return caller.recv(600)

    def test_answers(self):
        async def tell(caller, log):
            for _ in range(3):
                self.assertTrue((await self.ask(caller, QUERY)).endswith(b"\x7f\0\0\1"))

        self.story(tell)

    def test_nonsense_is_passed_over_and_the_next_one_answered(self):
        async def tell(caller, log):
            for rubbish in (b"", b"x", bytes(11), QUERY[:2] + b"\x81" + QUERY[3:]):
                caller.send(rubbish)
            reply = await self.ask(caller, b"\x77" + QUERY[1:])
            self.assertEqual(reply[:1], b"\x77")
            reply = await self.ask(caller, QUERY + bytes(1_400))  # longer than any question
            self.assertTrue(reply.endswith(b"\x7f\0\0\1") and len(reply) == len(QUERY) + 16)

        self.story(tell)

    def test_an_hour_with_fifty_clients_grows_nothing(self):
        portal = Portal(WiFi(), dict(SETTINGS), Log(), "fake.radio", "DVES_A1B2C3")
        paths = (
            "/generate_204 /hotspot-detect.html /ncsi.txt /success.txt /connecttest.txt".split()
        )

        async def minute(caller):
            for number in range(50):
                await self.ask(caller, bytes((number, 7)) + QUERY[2:])
                portal.answer(paths[number % len(paths)])
            await asyncio.sleep_ms(60_000)
            gc.collect()
            return gc.mem_alloc()

        async def tell(caller, log):
            Radio.joined = 4  # that many may be there at once
            heaps = []
            for _ in range(60):
                heaps.append(await minute(caller))
            self.assertTrue(heaps[-1] - heaps[1] < 1_000, heaps)

        self.story(tell)

    def test_a_flood_takes_no_heap(self):
        async def tell(caller, log):
            await self.ask(caller, QUERY)
            gc.collect()
            before = gc.mem_alloc()
            for _ in range(200):
                await self.ask(caller, QUERY)
            gc.collect()
            self.assertTrue(gc.mem_alloc() - before < 1_000)

        self.story(tell)


def _free_port():
    while True:
        port = 20_000 + random.getrandbits(13)
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.bind(socket.getaddrinfo("127.0.0.1", port)[0][-1])
            return port
        except OSError:
            pass
        finally:
            sock.close()


def _caller(port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect(socket.getaddrinfo("127.0.0.1", port)[0][-1])
    return sock


unittest.main()
