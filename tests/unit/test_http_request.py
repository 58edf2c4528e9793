"""app.http.request: forms, JSON, refused input, and bodies that arrive in pieces."""

import asyncio
import unittest

import suite
from fakes import Wire, clock, ended, outcome, run
from webserver import NoPeer, Web

from proto.http import HTTPError, parse_head


def make_request(data, target="/x"):
    head = "POST {} HTTP/1.0\r\nContent-Length: {}\r\n\r\n".format(target, len(data))
    request = Web().app.request(parse_head(head.encode()), data, NoPeer(), 1_000)
    run(request.load())
    return request


def refused(data, name="form"):
    try:
        getattr(make_request(data), name)
    except HTTPError as e:
        assert str(e), data
        return e.status
    return 0


class TestRequest(unittest.TestCase):
    def test_attributes_for_handlers(self):
        head = (
            b"GET /a?b=%20c&d HTTP/1.1\r\nHost: cam\r\nCookie: a=b; session=x\r\n"
            b"ACCEPT: text/html\r\n\r\n"
        )
        request = Web().app.request(parse_head(head), b"", NoPeer(), 1_000)
        self.assertEqual((request.method, request.path, request.address), ("GET", "/a", ""))
        self.assertEqual((request.args["b"], request.args["d"]), (" c", ""))
        self.assertEqual(request.cookies, {"a": "b", "session": "x"})
        self.assertEqual(request.headers.get("Host"), "cam")
        self.assertTrue(request.wants_page())
        self.assertFalse(request.wants_json() or request.answered)

    def test_scripts_get_errors_as_json(self):
        for path, accept, expected in (
            ("/api/status", "text/html", True),
            ("/mjpg", "application/json", True),
            ("/mjpg", "image/*", False),
            ("/mjpg", "text/html", False),
        ):
            head = "GET {} HTTP/1.1\r\nHost: cam\r\nAccept: {}\r\n\r\n".format(path, accept)
            request = Web().app.request(parse_head(head.encode()), b"", NoPeer(), 1_000)
            self.assertEqual(request.wants_json(), expected)

    def test_methods_are_case_sensitive(self):
        with self.assertRaises(HTTPError):
            Web().app.request(parse_head(b"Get / HTTP/1.0\r\n\r\n"), b"", NoPeer(), 1_000)

    def test_lengths(self):
        for path, length, too_long in (
            ("/x", 32_768, False),
            ("/x", 32_769, True),
            ("/update", 2_097_152, False),
            ("/update", 2_097_153, True),
        ):
            head = "POST {} HTTP/1.0\r\nContent-Length: {}\r\n\r\n".format(path, length)
            request = Web().app.request(parse_head(head.encode()), b"", NoPeer(), 1_000)
            self.assertEqual(request.is_too_long(), too_long)


class TestForm(unittest.TestCase):
    def test_fields(self):
        form = make_request(b"a=1+2%203&b=%C3%A4%e2%82%ac%26%3D&other=x&%C3%BC=%00").form
        expected = {"a": "1 2 3", "b": "\xe4\u20ac&=", "other": "x", "\xfc": "\0"}
        self.assertEqual({name: form[name] for name in form}, expected)

    def test_unusual_but_valid(self):
        for data, expected in (
            (b"", {}),
            (b"a", {"a": ""}),
            (b"a=", {"a": ""}),
            (b"a=b=c", {"a": "b=c"}),
            (b"a=1&&b=2&", {"a": "1", "b": "2"}),
        ):
            form = make_request(data).form
            self.assertEqual({name: form[name] for name in form}, expected)

    def test_refused(self):
        for data in (b"a=%", b"a=%4", b"a=%zz", b"a=%+1", b"a=\xff", b"a=%ff", b"a=1&a=2"):
            self.assertEqual(refused(data), 400, data)

    def test_too_long(self):
        self.assertEqual(refused(b"a=" + b"x" * 17_500), 413)
        self.assertEqual(refused(b"a=" + b"x" * 17_407), 0)
        self.assertEqual(refused(b"a=" + b"x" * 17_408), 413)


class TestJSON(unittest.TestCase):
    def test_objects(self):
        for data, expected in (
            (b"{}", {}),
            (b'{"a": 1, "b": [true, null]}', {"a": 1, "b": [True, None]}),
            ('{"\xfc": "\U0001f4f7"}'.encode(), {"\xfc": "\U0001f4f7"}),
            (b'{"a": "\\ud83d\\udcf7 x"}', {"a": "\U0001f4f7 x"}),
        ):
            self.assertEqual(make_request(data).json, expected)

    def test_refused(self):
        for data in (b"", b"[]", b"{", b"\xff", b"1", b'"x"', b"null"):
            self.assertEqual(refused(data, "json"), 400, data)
        for half in (b'"\\ud83d"', b'"\\udcf7"', b'"\\ud83dx"', b'"\\ud83d\\ud83d"'):
            self.assertEqual(refused(b'{"a": ' + half + b"}", "json"), 400, half)
            self.assertEqual(refused(b"{" + half + b": 1}", "json"), 400, half)


class TestBody(unittest.TestCase):
    def test_is_read_in_pieces_up_to_its_end(self):
        async def scenario():
            async with Wire() as wire:
                head = parse_head(b"POST /update HTTP/1.0\r\nContent-Length: 10\r\n\r\n")
                request = Web().app.request(head, b"012", wire.ours, 1_000)
                await wire.peer.send(b"3456789and more")
                view, found = memoryview(bytearray(4)), []
                while True:
                    got = await request.stream.readinto(view)
                    found.append(bytes(view[:got]))
                    if not got:
                        return found

        self.assertEqual(run(scenario()), [b"012", b"3456", b"789", b""])

    def upload(self, length, gap_ms, piece):
        """Return the outcome of an upload with `piece` bytes every `gap_ms`, and its time."""

        async def send(peer):
            try:
                while True:
                    await peer.send(bytes(piece))
                    await asyncio.sleep_ms(gap_ms)
            except OSError:
                pass

        async def scenario():
            async with Wire() as wire:
                head = "POST /update HTTP/1.0\r\nContent-Length: {}\r\n\r\n".format(length)
                request = Web().app.request(parse_head(head.encode()), b"", wire.ours, 10_000)
                sending = asyncio.create_task(send(wire.peer))
                started = clock.now_ms()
                found = await outcome(self.read_all(request.stream))
                await ended(sending)
                return found, clock.now_ms() - started

        return run(scenario())

    async def read_all(self, body):
        view = memoryview(bytearray(2_048))
        while await body.readinto(view):
            pass
        return body.left

    def test_upload_needs_a_kilobyte_per_second(self):
        found, took_ms = self.upload(2_000_000, 8_000, 1)
        self.assertIsInstance(found, OSError)
        self.assertTrue(29_000 < took_ms < 34_000, took_ms)  # a byte every 8 s
        found, took_ms = self.upload(200_000, 900, 1_024)
        self.assertEqual(found, 0)
        self.assertTrue(took_ms > 150_000, took_ms)

    def test_pause_of_ten_seconds_ends_an_upload(self):
        found, took_ms = self.upload(2_000_000, 11_000, 60_000)
        self.assertIsInstance(found, OSError)
        self.assertTrue(took_ms < 12_000, took_ms)

    def test_closed_connection_is_an_error(self):
        async def scenario():
            async with Wire() as wire:
                head = parse_head(b"POST /update HTTP/1.0\r\nContent-Length: 10\r\n\r\n")
                request = Web().app.request(head, b"", wire.ours, 1_000)
                wire.peer.close()
                with self.assertRaises(OSError):
                    await request.load()

        run(scenario())


suite.main()
