"""app.http.server over real sockets: split heads, attacks, slow clients, unread bodies."""

import asyncio
import gc
import unittest

import suite
from fakes import Wire, clock, ended, outcome, read, run, served
from webserver import Clock, Web, body, header, status

from config import limits

GET = b"GET /hello HTTP/1.1\r\nHost: cam\r\n"


async def hello(request):
    return "hi " + request.headers.get("X-Requested-With", "you")


async def echo(request):
    return request.body


ROUTES = {("GET", "/hello"): hello, ("POST", "/echo"): echo}


def post(length, path="/echo", more=""):
    head = "POST {} HTTP/1.1\r\nHost: cam\r\nContent-Length: {}\r\n{}\r\n"
    return head.format(path, length, more).encode()


def fetch(*parts, gap_ms=0, **tunables):
    return run(Web(routes=ROUTES, **tunables).fetch(*parts, gap_ms=gap_ms))


def timed(*parts, gap_ms=0, **tunables):
    """Return (response, milliseconds until the server has closed the connection)."""
    web = Web(routes=ROUTES, **tunables)
    return run(web.fetch(*parts, gap_ms=gap_ms)), web.took_ms


BAD = {
    "no version": (b"GET /\r\n", 400),
    "nonsense": (b"\x16\x03\x01\x02\x00\x01\r\n", 400),
    "two spaces": (b"GET  / HTTP/1.1\r\n", 400),
    "HTTP/2": (b"GET / HTTP/2.0\r\n", 505),
    "no slash": (b"GET hello HTTP/1.1\r\nHost: cam\r\n", 400),
    "another scheme": (b"GET ftp://cam/ HTTP/1.1\r\nHost: cam\r\n", 400),
    "absolute form without a host": (b"GET http:///hello HTTP/1.1\r\nHost: cam\r\n", 400),
    "absolute form with a user": (b"GET http://joe@cam/ HTTP/1.1\r\nHost: cam\r\n", 400),
    "asterisk of another method": (b"GET * HTTP/1.1\r\nHost: cam\r\n", 400),
    "control character in the address": (b"GET /\x01 HTTP/1.1\r\n", 400),
    "broken escape": (b"GET /%zz HTTP/1.1\r\n", 400),
    "query string that is not UTF-8": (b"GET /hello?a=%ff HTTP/1.1\r\nHost: cam\r\n", 400),
    "address of 2 KB": (b"GET /" + b"a" * 2_000 + b" HTTP/1.1\r\n", 414),
    "line feed alone": (GET + b"X: a\nY: b\r\n", 400),
    "carriage return alone": (GET + b"X: a\rY: b\r\n", 400),
    "NUL": (GET + b"X: \x00\r\n", 400),
    "space before the colon": (GET + b"X : a\r\n", 400),
    "no colon": (GET + b"nonsense\r\n", 400),
    "folded line": (GET + b"X: a\r\n b\r\n", 400),
    "no Host": (b"GET / HTTP/1.1\r\n", 400),
    "two Hosts": (GET + b"Host: evil\r\n", 400),
    "Host with a space": (b"GET / HTTP/1.1\r\nHost: a b\r\n", 400),
    "Host with a port that cannot be": (b"GET / HTTP/1.1\r\nHost: cam:99999\r\n", 400),
    "Host with a port of letters": (b"GET / HTTP/1.1\r\nHost: cam:http\r\n", 400),
    "Host with two ports": (b"GET / HTTP/1.1\r\nHost: cam:1:2\r\n", 400),
    "two logins": (GET + b"Authorization: Basic eDp5\r\nauthorization: Basic eDp5\r\n", 400),
    "two Hosts of HTTP/1.0": (b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n", 400),
    "method in small letters": (b"get /hello HTTP/1.1\r\nHost: cam\r\n", 501),
    "chunked": (GET + b"Transfer-Encoding: chunked\r\n", 411),
    "unknown coding": (GET + b"Transfer-Encoding: gzip, chunked\r\n", 501),
    "not chunked": (GET + b"Transfer-Encoding: gzip\r\n", 400),
    "chunked and a length": (GET + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", 400),
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
    "head of 40 KB": (GET + b"X: " + b"a" * 40_000 + b"\r\n", 431),
}


class TestRequests(unittest.TestCase):
    def test_any_split_gets_the_same_response(self):
        request = GET + b"X-Requested-With: joe\r\n\r\n"
        for step in (1, 2, 3, 7, len(request)):
            parts = [request[i : i + step] for i in range(0, len(request), step)]
            found = fetch(*parts, gap_ms=1)
            self.assertEqual(status(found), 200)
            self.assertEqual(body(found), b"hi joe")

    def test_http_1_0_needs_no_host(self):
        self.assertEqual(status(fetch(b"GET /hello HTTP/1.0\r\n\r\n")), 200)

    def test_unknown_address(self):
        self.assertEqual(status(fetch(b"GET /nothing HTTP/1.0\r\n\r\n")), 404)
        self.assertEqual(status(fetch(b"GET /../main.py HTTP/1.0\r\n\r\n")), 404)

    def test_absolute_form_names_the_host(self):
        """The target's host overrides the Host header (RFC 9112 section 3.2.2)."""
        for target, host, expected in (
            ("http://cam/hello", "cam", 200),
            ("HTTP://cam:80/hello?a=1", "evil", 200),
            ("http://cam.local./hello", "cam", 200),
            ("http://evil/hello", "cam", 421),
            ("http://cam", "cam", 200),
        ):
            head = "GET {} HTTP/1.1\r\nHost: {}\r\n\r\n".format(target, host)
            self.assertEqual(status(fetch(head.encode())), expected, target)

    def test_options_of_the_server_and_of_a_path(self):
        found = fetch(b"OPTIONS * HTTP/1.1\r\nHost: cam\r\n\r\n")
        self.assertEqual(status(found), 200)
        self.assertEqual(header(found, "Allow"), "GET, HEAD, POST, OPTIONS")
        found = fetch(b"OPTIONS /hello HTTP/1.1\r\nHost: cam\r\n\r\n")
        self.assertEqual((status(found), header(found, "Allow")), (405, "GET, HEAD"))
        self.assertEqual(status(fetch(b"OPTIONS /none HTTP/1.1\r\nHost: cam\r\n\r\n")), 404)

    def test_date_once_the_clock_is_set(self):
        """Also in the response to a malformed request (RFC 9110 section 6.6.1)."""
        for request in (GET + b"\r\n", b"GET /none HTTP/1.0\r\n\r\n", b"nonsense\r\n\r\n"):
            found = fetch(request, clock=Clock(0))
            self.assertEqual(header(found, "Date"), "Sat, 01 Jan 2000 00:00:00 GMT")
            self.assertEqual(header(fetch(request), "Date"), None)
        found = fetch(GET + b"\r\n", clock=Clock(849_000_000))
        self.assertEqual(header(found, "Date"), "Thu, 26 Nov 2026 09:20:00 GMT")

    def test_body_in_any_split(self):
        data = bytes(i % 251 for i in range(3_000))
        head = post(3_000)
        for cut in (len(head) - 1, len(head), len(head) + 1, len(head) + 2_999):
            whole = head + data
            found = fetch(whole[:cut], whole[cut:], gap_ms=5)
            self.assertEqual(body(found), data, cut)

    def test_bytes_after_the_request_are_not_a_second_request(self):
        self.assertEqual(fetch(GET + b"\r\n" + GET + b"\r\n").count(b"HTTP/1."), 1)

    def test_100_continue_is_sent_only_if_the_body_is_read(self):
        found = fetch(post(2, more="Expect: 100-continue\r\n"), b"ab", gap_ms=5)
        self.assertTrue(found.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n"))
        for path in ("/none", "/hello"):
            found = fetch(post(2, path, "Expect: 100-continue\r\n"))
            self.assertTrue(found.startswith(b"HTTP/1.0 40"), found)

    def test_connection_is_not_idle_once_its_head_has_arrived(self):
        """The listener closes idle connections when it needs their sockets."""
        seen = []

        async def look(request):
            seen.append(request.sock[1].idle)
            return ""

        async def scenario():
            web = Web(routes={("GET", "/look"): look})
            async with Wire() as wire:
                self.assertTrue(wire.ours.idle)
                await wire.peer.send(b"GET /look HTTP/1.0\r\n\r\n")
                await web.server.serve(wire.ours)

        run(scenario())
        self.assertEqual(seen, [False])


class TestAttacks(unittest.TestCase):
    def test_forbidden_heads_are_refused(self):
        for what, (head, expected) in BAD.items():
            found = fetch(head + b"\r\n")
            self.assertEqual(status(found), expected, "{}: {!r}".format(what, found))
            self.assertEqual(header(found, "Connection"), "close", what)
            self.assertEqual(int(header(found, "Content-Length")), len(body(found)), what)

    def test_forbidden_heads_one_byte_at_a_time(self):
        for what in ("NUL", "two Hosts", "chunked and a length", "line feed alone"):
            head, expected = BAD[what]
            data = head + b"\r\n"
            found = fetch(*[data[i : i + 1] for i in range(len(data))], gap_ms=1)
            self.assertEqual(status(found), expected, what)

    def test_endless_head_is_refused_without_growth_of_the_heap(self):
        async def scenario():
            web = Web(routes=ROUTES)
            gc.collect()
            before = gc.mem_alloc()
            found = await web.fetch(*[b"X: " + b"a" * 1_000 + b"\r\n"] * 64)
            gc.collect()
            self.assertEqual(status(found), 431)
            return gc.mem_alloc() - before

        self.assertTrue(run(scenario()) < 64_000)

    def test_slow_head_times_out(self):
        started = clock.now_ms()
        found = fetch(*[b"GET / HTTP/1.1\r\n"] + [b"X: a\r\n"] * 15, gap_ms=900)
        self.assertEqual(status(found), 408)
        self.assertTrue(clock.now_ms() - started < 15_000)

    def test_idle_connection_times_out(self):
        started = clock.now_ms()
        self.assertTrue(status(fetch()) in (0, 408))
        self.assertTrue(clock.now_ms() - started < 12_000)

    def test_slow_body_times_out(self):
        started = clock.now_ms()
        fetch(post(300), *[b"x"] * 20, gap_ms=1_000)
        self.assertTrue(clock.now_ms() - started < 15_000, clock.now_ms() - started)

    def test_unread_body_is_discarded_for_ten_seconds_in_total(self):
        """Closing the connection with unread bytes would discard the response."""
        found = fetch(post(16_000, "/none"), b"x" * 16_000)
        self.assertEqual(status(found), 404)
        for path, length in (("/none", 9_000), ("/update", 2_000_000)):
            head = b"GET" + post(length, path)[4:]
            found, took_ms = timed(head, *[b"x"] * 50, gap_ms=1_000)
            self.assertTrue(status(found) in (404, 405), found)
            self.assertTrue(9_000 < took_ms < 13_000, took_ms)

    def test_the_response_outlives_what_follows_a_head(self):
        """A refused request's body, and a second request: the server answers one."""
        refused, good = b"nonsense\r\n\r\n", GET + b"\r\n"
        for data, expected in (
            (refused + b"x" * 40_000, 400),
            (refused + good, 400),
            (good + good, 200),
            (good + 40 * good, 200),
        ):
            self.assertEqual(status(fetch(data)), expected, len(data))

    def test_slow_body_of_a_refused_request_is_not_awaited(self):
        """The client still receives the reason (RFC 9112 section 9.6)."""
        for head, password, expected in (
            (post(2_000_000, "/update"), "x", 401),
            (post(60_000, "/"), "", 413),
            (post(300).replace(b"Host: cam", b"Host: evil.test"), "", 421),
        ):
            found, took_ms = timed(head, *[b"x"] * 9, gap_ms=8_000, password=password)
            self.assertEqual(status(found), expected)
            self.assertTrue(took_ms < 2_000, took_ms)
            found, _ = timed(head, b"x" * 200, password=password)
            self.assertEqual(status(found), expected)

    def test_only_a_body_that_arrives_gives_way_to_another_connection(self):
        seen = []

        async def look(request):
            seen.append(request.sock[1].idle)
            return ""

        async def scenario(head):
            web = Web(routes={("POST", "/look"): look})
            async with Wire() as wire:
                await wire.peer.send(head)
                serving = asyncio.create_task(served(web.server, wire.ours))
                await asyncio.sleep_ms(1_000)
                seen.append(wire.ours.idle)
                await wire.peer.send(b"!")
                await serving

        run(scenario(post(1, "/look")))
        self.assertEqual(seen, [True, False])
        run(scenario(post(2, "/none")))
        self.assertEqual(seen.pop(), True)

    def test_slow_reader_gives_way_to_another_connection(self):
        async def long(request):
            return "x" * 400_000

        async def scenario():
            web = Web(routes={("GET", "/long"): long})
            async with Wire() as wire:
                await wire.peer.send(b"GET /long HTTP/1.0\r\n\r\n")
                serving = asyncio.create_task(served(web.server, wire.ours))
                await asyncio.sleep_ms(400)
                seen = [wire.ours.idle]
                await asyncio.sleep_ms(200)
                seen.append(wire.ours.idle)
                await ended(serving)
                return seen

        self.assertEqual(run(scenario()), [False, True])

    def test_truncated_head(self):
        async def scenario():
            async with Wire() as wire:
                web = Web(routes=ROUTES)
                await wire.peer.send(GET)
                wire.far.close()
                wire.peer.s = None
                return await outcome(web.server.serve(wire.ours))

        error = run(scenario())
        self.assertTrue(error is None or isinstance(error, OSError))

    def test_busy_response_has_retry_after(self):
        async def scenario():
            async with Wire() as wire:
                await Web().server.busy(wire.ours)
                wire.ours.close()
                buffer = bytearray(1_000)
                return bytes(buffer[: await wire.peer.recv_into(memoryview(buffer))])

        found = run(scenario())
        self.assertEqual((status(found), header(found, "Retry-After")), (503, "5"))

    def test_lack_of_memory_for_the_application(self):
        async def scenario():
            web = Web()
            web.server._app = None  # as after the start
            web.memory.free = limits.HTTP_PAGES_BYTES - 1
            return await web.fetch(GET + b"\r\n")

        found = run(scenario())
        self.assertEqual((status(found), header(found, "Retry-After")), (503, "5"))
        self.assertTrue(b"short of memory" in found)


class TestSessions(unittest.TestCase):
    def test_request_whose_session_ends_before_its_body_has_arrived_is_refused(self):
        for old, end in (
            ("x", lambda web, token: web.settings.keep("adminpass", "another word")),
            ("x", lambda web, token: web.access.log_out(token)),
            ("", lambda web, token: web.settings.keep("adminpass", "first word")),
        ):
            self.assertEqual(self.status_after(old, end), 401)
        self.assertEqual(self.status_after("x", lambda web, token: None), 200)

    def status_after(self, password, event):
        """Return the status of a request in whose body an event happens."""

        async def scenario():
            web = Web(routes=ROUTES, password=password)
            token = web.access.log_in()
            async with Wire() as wire:
                await wire.peer.send(post(2, more="Cookie: session={}\r\n".format(token)) + b"a")
                serving = asyncio.create_task(served(web.server, wire.ours))
                await asyncio.sleep_ms(1_000)
                event(web, token)
                await wire.peer.send(b"b")
                await serving
                return status(await read(wire.peer, 1_000))

        return run(scenario())

    def test_expired_sessions_are_removed_between_requests(self):
        async def scenario():
            web = Web(password="x")
            web.access.log_in()
            task = asyncio.create_task(web.server.run())
            await asyncio.sleep_ms(1_900_000)
            task.cancel()
            return len(web.access._sessions)

        self.assertEqual(run(scenario()), 0)


suite.main()
