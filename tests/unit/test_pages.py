"""app.http.router over the loopback: what a user is told when something goes wrong inside."""

import asyncio
import json
import sys
import unittest

from fakes import Log, Wire, ended, read, run, served

import app.http.routes as routes
from app.http.auth import Access
from app.http.images import Web
from app.http.router import Pages
from app.http.server import HTTPDoor
from proto.http import BadRequest


class Module:
    """The functions that the rows of the table name."""

    def __init__(self, work):
        self.work = work


class Status:
    def __init__(self):
        self.settings = {"adminpass": ""}
        self.wifi = self
        self.log = Log()
        self.ap_open = False
        self.ap_address = ""

    def address(self):
        return ""


class Portal:
    def answer(self, path):
        return {"/probe": (302, "http://192.168.1.1/"), "/fine": (200, "")}.get(path)


class TestPages(unittest.TestCase):
    def ask(self, work, request="GET /api/x HTTP/1.0\r\n\r\n", ap_open=False, body=b""):
        """(status, head, body, log) of what the camera answers; `work` does what is asked."""

        async def whole():
            site = Status()
            site.ap_open = ap_open
            access = Access(site.settings, site, "cam")
            pages = Pages(access, None, site, None, "DVES_A1B2C3")
            pages.portal = Portal()
            async with Wire() as wire:
                await wire.peer.send(request.encode() + body)
                door = HTTPDoor(Web(None, pages), access, pages)
                task = asyncio.create_task(served(door, wire.ours))
                data = await read(wire.peer, 100_000)
                await ended(task)
            head, _, rest = data.partition(b"\r\n\r\n")
            return int(head.split(b" ")[1]) if head else 0, head.decode(), rest, site.log.errors

        rows, routes.ROUTES = routes.ROUTES, "\n/api/x GET fake work\n"
        sys.modules["app.http.fake"] = Module(work)
        try:
            return run(whole())
        finally:
            routes.ROUTES = rows

    def test_a_fault_of_ours_is_told_and_logged(self):
        async def work(exchange):
            raise KeyError("x")

        status, head, body, errors = self.ask(work)
        self.assertEqual(status, 500)
        told = json.loads(body)
        self.assertTrue("log" in told["error"] and told["advice"])
        self.assertEqual(len(errors), 1)
        self.assertTrue("KeyError" in errors[0][1] and "/api/x" in errors[0][1])

    def test_too_little_memory_means_later(self):
        async def work(exchange):
            raise MemoryError()

        status, head, body, errors = self.ask(work)
        self.assertEqual(status, 503)
        self.assertTrue("Retry-After: 5" in head and "memory" in json.loads(body)["error"])

    def test_a_fault_in_the_middle_ends_the_connection_and_no_second_head_comes(self):
        async def work(exchange):
            await exchange.start()
            await exchange.write("half" * 150)
            raise ValueError("x")

        status, head, body, errors = self.ask(work)
        self.assertEqual((status, b"HTTP" in body, len(errors)), (200, False, 1))

    def test_a_fault_before_anything_was_sent_is_told_instead(self):
        async def work(exchange):
            await exchange.start()
            await exchange.write("a little")
            raise ValueError("x")

        status, head, body, errors = self.ask(work)
        self.assertEqual((status, b"little" in body, len(errors)), (500, False, 1))

    def test_a_user_who_has_gone_is_no_fault(self):
        async def work(exchange):
            raise OSError(104)

        self.assertEqual(self.ask(work), (0, "", b"", []))

    def test_what_a_page_refuses(self):
        async def work(exchange):
            raise BadRequest(400, "Not so.")

        status, head, body, errors = self.ask(work)
        self.assertEqual((status, json.loads(body)["error"], errors), (400, "Not so.", []))

    def test_pieces_of_any_size_arrive_whole(self):
        async def work(exchange):
            await exchange.start()
            for n in (0, 1, 535, 536, 537, 5_000):
                await exchange.write("x" * n)
                await exchange.write(memoryview(b"y"))

        status, head, body, errors = self.ask(work)
        self.assertEqual(body, b"y" + b"".join(b"x" * n + b"y" for n in (1, 535, 536, 537, 5_000)))

    def test_body_is_read_under_a_limit_and_whoever_waits_is_asked_for_it(self):
        async def work(exchange):
            data = await exchange.body(10)
            await exchange.start()
            await exchange.write(bytes(data))

        head = "GET /api/x HTTP/1.1\r\nHost: cam\r\nContent-Length: {}\r\n{}\r\n"
        self.assertEqual(self.ask(work, head.format(10, ""), body=b"0123456789")[2], b"0123456789")
        self.assertEqual(self.ask(work, head.format(11, ""), body=b"0123456789a")[0], 413)
        told = self.ask(work, head.format(2, "Expect: 100-continue\r\n"), body=b"ab")
        self.assertTrue(told[1].startswith("HTTP/1.1 100 Continue"))
        self.assertTrue(told[2].endswith(b"\r\n\r\nab"))

    def test_guests_of_the_access_point_are_led_to_the_page(self):
        for path, status in (("/probe", 302), ("/fine", 200), ("/other", 404)):
            request = "GET {} HTTP/1.0\r\n\r\n".format(path)
            found = self.ask(None, request, ap_open=True)
            self.assertEqual(found[0], status)
            self.assertEqual("Location: http://192.168.1.1/\r\n" in found[1], status == 302)
            self.assertEqual(self.ask(None, request)[0], 404)


class TestRoutes(unittest.TestCase):
    def test_what_there_is(self):
        found = routes.find("HEAD", "/setup", False)[0]
        self.assertEqual(found, ("pages.setup", "page"))
        self.assertEqual(routes.find("POST", "/", True)[0], ("pages.setupform", "read"))
        self.assertEqual(routes.find("POST", "/", False), (None, "GET, HEAD"))
        self.assertEqual(routes.find("GET", "/api/command", False), (None, "POST"))
        for path in ("*", "", "//", "/setup/", "/app/pages"):
            self.assertEqual(routes.find("GET", path, False)[0] if path != "*" else None, None)


unittest.main()
