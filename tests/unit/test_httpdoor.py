"""app.http.server over real sockets: heads in any split, attacks, slowness; what microdot gets."""

import asyncio
import gc
import unittest

from fakes import Wire, clock, ended, outcome, read, run, served
from microdot import Microdot

from app.http.request import Asked
from app.http.server import HTTPDoor
from app.http.site import Site

GET = b"GET /hello HTTP/1.1\r\nHost: cam\r\n"


def make_app():
    app = Microdot()

    @app.get("/hello")
    async def hello(request):
        return "hi " + request.headers.get("X-Requested-With", "you")

    @app.post("/echo")
    async def echo(request):
        body = bytearray(request.content_length)
        view, at = memoryview(body), 0
        while at < len(body):
            at += await request.stream.readinto(view[at:])
        return bytes(body)

    return app


class Open:
    """A gate that stands open, before a camera without pictures."""

    def passes(self, request):
        return True

    def has(self, path):
        return False

    def forget_old(self):
        """Nobody was let in."""


class Refusing:
    """Pages that say no."""

    async def refuse(self, asked, status):
        head = "HTTP/1.0 {} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        await asked.sock[1].send(head.format(status).encode())


class Nobody:
    """A stream whose peer has no address."""

    def get_extra_info(self, what):
        return None


def make_door(**tunables):
    door = HTTPDoor(Open(), Open(), Refusing(), **tunables)
    door.site = Site(None, make_app())
    return door


def status(answer):
    return int(answer.split(b" ")[1]) if answer else 0


async def ask(*parts, gap_ms=0, **tunables):
    """What the camera answers to the parts of a request, until it closes."""
    async with Wire() as wire:
        door = make_door(**tunables)

        task = asyncio.create_task(served(door, wire.ours))
        try:
            for part in parts:
                await wire.peer.send(part)
                await asyncio.sleep_ms(gap_ms)
        except OSError:
            pass  # it has been refused already
        answer = await outcome(read(wire.peer, 100_000))
        await task
        return answer if isinstance(answer, bytes) else b""


BAD = {
    "no version": (b"GET /\r\n", 400),
    "nonsense": (b"\x16\x03\x01\x02\x00\x01\r\n", 400),
    "two spaces": (b"GET  / HTTP/1.1\r\n", 400),
    "HTTP/2": (b"GET / HTTP/2.0\r\n", 505),
    "no slash": (b"GET http://evil/ HTTP/1.1\r\n", 400),
    "control character in the address": (b"GET /\x01 HTTP/1.1\r\n", 400),
    "broken escape": (b"GET /%zz HTTP/1.1\r\n", 400),
    "address of 2 KB": (b"GET /" + b"a" * 2_000 + b" HTTP/1.1\r\n", 414),
    "line feed alone": (GET + b"X: a\nY: b\r\n", 400),
    "carriage return alone": (GET + b"X: a\rY: b\r\n", 400),
    "NUL": (GET + b"X: \x00\r\n", 400),
    "space before the colon": (GET + b"X : a\r\n", 400),
    "no colon": (GET + b"nonsense\r\n", 400),
    "folded line": (GET + b"X: a\r\n b\r\n", 400),
    "no Host": (b"GET / HTTP/1.1\r\n", 400),
    "two Hosts": (GET + b"Host: evil\r\n", 400),
    "two logins": (GET + b"Authorization: Basic eDp5\r\nauthorization: Basic eDp5\r\n", 400),
    "two Hosts of HTTP/1.0": (b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n", 400),
    "chunked": (GET + b"Transfer-Encoding: chunked\r\n", 501),
    "chunked and a length": (GET + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", 501),
    "two lengths": (GET + b"Content-Length: 3\r\nContent-Length: 3\r\n", 400),
    "length list": (GET + b"Content-Length: 3, 3\r\n", 400),
    "negative length": (GET + b"Content-Length: -1\r\n", 400),
    "length with a sign": (GET + b"Content-Length: +3\r\n", 400),
    "hexadecimal length": (GET + b"Content-Length: 0x3\r\n", 400),
    "empty length": (GET + b"Content-Length:\r\n", 400),
    "length 10^20": (GET + b"Content-Length: 1" + b"0" * 20 + b"\r\n", 413),
    "length 2^32": (GET + b"Content-Length: 4294967296\r\n", 413),
    "body of 10 MB": (GET + b"Content-Length: 10000000\r\n", 413),
    "100 headers": (GET + b"X: a\r\n" * 100, 431),
    "head of 4 KB": (GET + b"X: " + b"a" * 4_000 + b"\r\n", 431),
}


class TestRequests(unittest.TestCase):
    def test_any_split_is_answered_the_same(self):
        request = GET + b"X-Requested-With: joe\r\n\r\n"
        for step in (1, 2, 3, 7, len(request)):
            parts = [request[i : i + step] for i in range(0, len(request), step)]
            answer = run(ask(*parts, gap_ms=1))
            self.assertEqual(status(answer), 200)
            self.assertTrue(answer.endswith(b"\r\n\r\nhi joe"), answer)

    def test_headers_that_nobody_reads_are_not_kept(self):
        read = b"Cookie: a=b\r\nHOST: cam\r\nAccept-Encoding: gzip\r\n"
        first, more = b"GET / HTTP/1.1\r\n", b"Cookies: c\r\nAccept-Language: en\r\n\r\n"
        asked = Asked(first + b"User-Agent: x\r\n" + read + more, b"", Nobody(), 1_000)
        self.assertEqual(asked.head, first + read + b"\r\n")
        self.assertEqual((asked.headers.get("host"), asked.cookies), ("cam", {"a": "b"}))
        self.assertEqual(asked.headers.get("User-Agent", ""), "")

    def test_http_1_0_needs_no_host(self):
        self.assertEqual(status(run(ask(b"GET /hello HTTP/1.0\r\n\r\n"))), 200)

    def test_unknown_address(self):
        self.assertEqual(status(run(ask(b"GET /nothing HTTP/1.0\r\n\r\n"))), 404)
        self.assertEqual(status(run(ask(b"GET /../main.py HTTP/1.0\r\n\r\n"))), 404)

    def test_body_in_any_split(self):
        body = bytes(i % 251 for i in range(3_000))
        head = b"POST /echo HTTP/1.1\r\nHost: cam\r\nContent-Length: 3000\r\n\r\n"
        for cut in (len(head) - 1, len(head), len(head) + 1, len(head) + 2_999):
            data = head + body
            answer = run(ask(data[:cut], data[cut:], gap_ms=5))
            self.assertTrue(answer.endswith(b"\r\n\r\n" + body), cut)

    def test_what_comes_behind_the_request_is_not_another_one(self):
        answer = run(ask(GET + b"\r\n" + GET + b"\r\n"))
        self.assertEqual(answer.count(b"HTTP/1."), 1)


class TestAttacks(unittest.TestCase):
    def test_forbidden_heads_are_refused_and_microdot_never_sees_them(self):
        for what, (head, expected) in BAD.items():
            answer = run(ask(head + b"\r\n"))
            if expected == 431 and not answer:
                continue  # closed with more unread than the client could have been told
            self.assertEqual(status(answer), expected, "{}: {!r}".format(what, answer))
            self.assertTrue(b"Connection: close\r\n" in answer, what)
            length = int(answer.split(b"Content-Length: ")[1].split(b"\r\n")[0])
            self.assertEqual(len(answer.split(b"\r\n\r\n", 1)[1]), length, what)

    def test_forbidden_heads_one_byte_at_a_time(self):
        for what in ("NUL", "two Hosts", "chunked and a length", "line feed alone"):
            head, expected = BAD[what]
            data = head + b"\r\n"
            answer = run(ask(*[data[i : i + 1] for i in range(len(data))], gap_ms=1))
            self.assertEqual(status(answer), expected, what)

    def test_head_without_an_end_is_refused_with_a_flat_heap(self):
        async def story():
            gc.collect()
            before = gc.mem_alloc()
            answer = await ask(*[b"X: " + b"a" * 1_000 + b"\r\n"] * 64)
            gc.collect()
            self.assertEqual(status(answer), 431)
            return gc.mem_alloc() - before

        self.assertTrue(run(story()) < 64_000)

    def test_slow_head_ends_in_time(self):
        started = clock.now_ms()
        answer = run(ask(*[b"GET / HTTP/1.1\r\n"] + [b"X: a\r\n"] * 15, gap_ms=900))
        self.assertEqual(status(answer), 408)
        self.assertTrue(clock.now_ms() - started < 15_000)

    def test_silence_ends_in_time(self):
        started = clock.now_ms()
        self.assertTrue(status(run(ask())) in (0, 408))
        self.assertTrue(clock.now_ms() - started < 12_000)

    def test_slow_body_ends_in_time(self):
        head = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 300\r\n\r\n"
        started = clock.now_ms()
        run(ask(head, *[b"x"] * 20, gap_ms=1_000))
        self.assertTrue(clock.now_ms() - started < 15_000, clock.now_ms() - started)

    def test_head_that_is_cut_off(self):
        async def story():
            async with Wire() as wire:
                door = make_door()
                await wire.peer.send(GET)
                wire.far.close()
                wire.peer.s = None
                return await outcome(door.serve(wire.ours)), door.requests

        error, requests = run(story())
        self.assertTrue(error is None or isinstance(error, OSError))
        self.assertEqual(requests, 0)

    def test_busy_says_when_to_come_again(self):
        async def story():
            async with Wire() as wire:
                door = make_door()
                await door.busy(wire.ours)
                wire.ours.close()
                self.assertEqual(door.refused, 1)
                return await read(wire.peer, 1_000)

        answer = run(story())
        self.assertEqual(status(answer), 503)
        self.assertTrue(b"Retry-After: 5\r\n" in answer)

    def answered(self, pages):
        """What is answered where there is no room for microdot."""

        async def story():
            async with Wire() as wire:
                door = HTTPDoor(Open(), Open(), pages, room=1 << 40)
                await wire.peer.send(GET + b"\r\n")
                task = asyncio.create_task(served(door, wire.ours))
                answer = await read(wire.peer, 1_000)
                await task
                return answer

        return run(story())

    def test_pages_come_without_microdot_where_there_is_no_room(self):
        class Pages:
            async def answer(self, asked):
                await asked.sock[1].send("{} {}".format(asked.path, asked.args).encode())

        self.assertEqual(self.answered(Pages()), b"/hello {}")

    def test_too_little_memory_for_any_page_is_told(self):
        class Pages:
            async def answer(self, asked):
                raise MemoryError

        answer = self.answered(Pages())
        self.assertEqual(status(answer), 503)
        self.assertTrue(b"short of memory" in answer and b"Retry-After: 5\r\n" in answer)

    def test_counts(self):
        async def story():
            async with Wire() as wire:
                door = make_door()
                await wire.peer.send(GET + b"\r\n")
                task = asyncio.create_task(door.serve(wire.ours))
                await read(wire.peer, 10)
                await ended(task)
                return door.requests, door.refused

        self.assertEqual(run(story()), (1, 0))


unittest.main()
