"""app.ota.http_source: the ways in which a web server responds, and fails."""

import asyncio
import unittest

import suite
from fakes import (
    Deadlines,
    Direct,
    Log,
    Stream,
    clock,
    ended,
    listening,
    outcome,
    read,
    readable,
    run,
)

from aio.connect import Connector
from app.ota.http_source import Download
from proto.uri import parse_url
from proto.values import BadArgument

DATA = bytes(range(251)) * 40
OK = b"HTTP/1.1 200 OK\r\n"
LENGTH = b"Content-Length: 10040\r\n"
PARTIAL = b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 4000-10039/10040\r\n"


class Server:
    """Answers request n with `answers[n]`: bytes, or a number of ms to wait."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self._sock, self.port = listening()
        self._sock.setblocking(False)
        self._tasks = []

    def url(self, path="/fw.bin", login=""):
        return parse_url("http://{}127.0.0.1:{}{}".format(login, self.port, path))

    async def __aenter__(self):
        self._tasks.append(asyncio.create_task(self._accept()))
        return self

    async def __aexit__(self, kind, error, trace):
        for task in self._tasks:
            await ended(task)
        self._sock.close()

    async def _accept(self):
        while True:
            await readable(self._sock)
            connection = self._sock.accept()[0]
            connection.setblocking(False)
            self._tasks.append(asyncio.create_task(self._serve(connection)))

    async def _serve(self, connection):
        stream = Stream(connection, Deadlines())
        try:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += await read(stream, 1)
            self.requests.append(head.decode())
            for part in self.answers.pop(0):
                if isinstance(part, int):
                    await asyncio.sleep_ms(part)
                else:
                    await stream.send(part)
        except OSError:
            pass
        finally:
            stream.close()


def download_of(url, deadlines):
    connector = Connector(Direct(), deadlines)
    return Download(url, connector, {"mqttverify": 0, "mqttca": ""}, Log())


async def whole(download):
    """Return all its bytes."""
    await download.open()
    data = bytearray()
    view = memoryview(bytearray(700))
    while True:
        got = await download.read(view)
        if not got:
            return bytes(data)
        data += view[:got]


class TestDownload(unittest.TestCase):
    def got(self, *answers, login=""):
        """Return the data or the exception, and the requests."""

        async def story():
            deadlines = Deadlines(50)
            task = asyncio.create_task(deadlines.run())
            async with Server(*answers) as server:
                download = self.download = download_of(server.url(login=login), deadlines)
                self.at(server, answers)
                try:
                    return await outcome(whole(download)), server.requests
                finally:
                    download.close()
                    await ended(task)
                    self.assertEqual(len(deadlines), 0)

        return run(story())

    def at(self, server, answers):
        """Put the server's port in place of PORT in the answers."""
        port = str(server.port).encode()
        server.answers = [
            [p if isinstance(p, int) else p.replace(b"PORT", port) for p in answer]
            for answer in answers
        ]

    def fails(self, why, *answers, **how):
        error, requests = self.got(*answers, **how)
        self.assertTrue(isinstance(error, (OSError, BadArgument)), repr(error)[:100])
        self.assertIn(why, str(error))
        return requests

    def test_with_a_length(self):
        data, requests = self.got([OK + LENGTH + b"\r\n" + DATA + b"more"])
        self.assertEqual((data, self.download.total), (DATA, len(DATA)))
        self.assertTrue(requests[0].startswith("GET /fw.bin HTTP/1.1\r\nHost: 127.0.0.1:"))
        self.assertFalse("Authorization" in requests[0])

    def test_without_a_length(self):
        self.assertEqual(self.got([b"HTTP/1.0 200 OK\r\n\r\n" + DATA])[0], DATA)

    def test_in_chunks_of_any_size(self):
        for size in (1_000, 3_333, 10_040):
            parts = [OK + b"Transfer-Encoding: chunked\r\n\r\n"]
            for at in range(0, len(DATA), size):
                part = DATA[at : at + size]
                parts.append("{:X};x=y\r\n".format(len(part)).encode() + part + b"\r\n")
            self.assertEqual(self.got(parts + [b"0\r\n\r\n"])[0], DATA)

    def test_bad_chunk(self):
        head = OK + b"Transfer-Encoding: chunked\r\n\r\n"
        for size in (b"xyz", b"", b"-1", b"123456789"):
            self.fails("bad chunk", [head + size + b"\r\nabc"])

    def test_resumed_where_it_was(self):
        tag = b'ETag: "v1"\r\n'
        rest = PARTIAL + b"Content-Length: 6040\r\n\r\n" + DATA[4_000:]
        data, requests = self.got([OK + LENGTH + tag + b"\r\n" + DATA[:4_000]], [rest])
        self.assertEqual(data, DATA)
        self.assertIn("Range: bytes=4000-\r\n", requests[1])
        self.assertIn('If-Range: "v1"\r\n', requests[1])

    def test_stall_is_resumed_by_a_server_without_ranges(self):
        started = clock.now_ms()
        first = [OK + LENGTH + b"\r\n" + DATA[:4_000], 60_000]
        data, _ = self.got(first, [OK + LENGTH + b"\r\n" + DATA])
        self.assertEqual(data, DATA)
        self.assertTrue(30_000 <= clock.now_ms() - started < 60_000)

    def test_file_that_changes_meanwhile(self):
        first = [OK + LENGTH + b"\r\n" + DATA[:4_000]]
        self.fails("changed", first, [OK + b"Content-Length: 9999\r\n\r\n" + DATA])
        old = [OK + LENGTH + b'ETag: "v1"\r\n\r\n' + DATA[:4_000]]
        for head in (OK + LENGTH, PARTIAL):  # as long as the old one
            requests = self.fails("changed", old, [head + b'ETag: "v2"\r\n\r\n' + DATA])
            self.assertEqual(len(requests), 2)
        wrong = b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 4001-10039/10040\r\n\r\n"
        self.fails("206", first, [wrong + DATA[4_001:]])

    def test_server_that_is_busy_meanwhile(self):
        part = [OK + LENGTH + b"\r\n" + DATA[:4_000]]
        rest = [PARTIAL + b"Content-Length: 6040\r\n\r\n" + DATA[4_000:]]
        for busy in (b"503 Service Unavailable", b"502 Bad Gateway", b"429 Too Many Requests"):
            data, requests = self.got(part, [b"HTTP/1.1 " + busy + b"\r\n\r\n"], rest)
            self.assertEqual((data, len(requests)), (DATA, 3))
        self.fails("404", part, [b"HTTP/1.1 404 Not Found\r\n\r\n"], rest)

    def test_resumed_from_where_the_redirects_begin(self):
        """The target of a redirect may be valid for a minute only."""
        moved = [b"HTTP/1.1 302 Found\r\nLocation: /signed?until=now\r\n\r\n"]
        part = [OK + LENGTH + b"\r\n" + DATA[:4_000]]
        rest = [PARTIAL + b"Content-Length: 6040\r\n\r\n" + DATA[4_000:]]
        data, requests = self.got(moved, part, moved, rest)
        self.assertEqual(data, DATA)
        paths = [request.split(" ")[1] for request in requests]
        self.assertEqual(paths, ["/fw.bin", "/signed?until=now"] * 2)

    def test_long_headers_that_are_not_needed(self):
        long = b"Content-Security-Policy: " + b"x" * 5_000 + b"\r\n"
        data, _ = self.got([OK + long + LENGTH + b"\r\n" + DATA])
        self.assertEqual(data, DATA)
        where = b"HTTP/1.1 302 Found\r\nLocation: /" + b"x" * 5_000 + b"\r\n\r\n"
        self.fails("too long a line", [where])
        self.fails("too long a line", [OK + b"x: " + b"x" * 40_000 + b"\r\n\r\n"])

    def test_chunks_and_a_length(self):
        """RFC 9112, section 6.3: the chunks count."""
        head = OK + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"
        data, _ = self.got([head + b"2738;x=y\r\n" + DATA + b"\r\n0\r\nTrailer: z\r\n\r\n"])
        self.assertEqual(data, DATA)
        self.assertEqual(self.download.total, None)

    def test_gives_up_after_some_tries(self):
        part = [OK + LENGTH + b"\r\n" + DATA[:10]]
        requests = self.fails("", part, *[[]] * 9)
        self.assertEqual(len(requests), 6)

    def test_redirects(self):
        def to(where, status=b"302 Found"):
            return [b"HTTP/1.1 " + status + b"\r\nLocation: " + where + b"\r\n\r\n"]

        good = [OK + LENGTH + b"\r\n" + DATA]
        data, requests = self.got(
            to(b"/a/b"),
            to(b"c?d=e", b"307 Temporary"),
            to(b"//127.0.0.1:PORT/x", b"301 Moved"),
            to(b"http://127.0.0.1:PORT", b"308 Permanent"),
            good,
            login="joe:s%3Acret@",
        )
        self.assertEqual(data, DATA)
        paths = [request.split(" ")[1] for request in requests]
        self.assertEqual(paths, ["/fw.bin", "/a/b", "/a/c?d=e", "/x", "/"])
        self.assertTrue(all("Authorization: Basic am9lOnM6Y3JldA==" in r for r in requests))
        data, requests = self.got(to(b"http://localhost:PORT/"), good, login="joe:secret@")
        self.assertEqual(data, DATA)
        self.assertFalse("Authorization" in requests[1])  # another host
        self.fails("redirects", *[to(b"/loop")] * 6)
        self.fails("without a Location", [b"HTTP/1.1 302 Found\r\n\r\n"])
        for where in (b"file:///etc/passwd", b"ftp://host/x", b"javascript:1", b"http://"):
            self.fails("http://host/file", to(where))

    def test_refused(self):
        gzip = b"Content-Encoding: gzip\r\n\r\n"
        self.fails("404 Not Found", [b"HTTP/1.1 404 Not Found\r\n\r\n"])
        self.fails("500", [b"HTTP/1.0 500\r\n\r\n"])
        self.fails("204", [b"HTTP/1.1 204 No Content\r\n\r\n"])
        self.fails("gzip", [OK + gzip])
        self.fails("comes as gzip", [OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n"])
        self.fails("two lengths", [OK + LENGTH + b"Content-Length: 1\r\n\r\n"])
        self.fails("bad length", [OK + b"Content-Length: -1\r\n\r\n"])
        self.fails("not speak HTTP", [b"SSH-2.0-OpenSSH\r\n\r\n"])
        self.fails("too long a line", [b"x" * 2_000])
        self.fails("too many headers", [OK + b"a: b\r\n" * 100])

    def test_silence(self):
        started = clock.now_ms()
        self.fails("", [90_000])
        self.assertTrue(clock.now_ms() - started <= 52_000)

    def test_no_server(self):
        async def story():
            deadlines = Deadlines(50)
            task = asyncio.create_task(deadlines.run())
            sock, port = listening()
            sock.close()
            download = download_of(parse_url("http://127.0.0.1:%d/" % port), deadlines)
            error = await outcome(download.open())
            await ended(task)
            return error

        self.assertTrue(isinstance(run(story()), OSError))


suite.main()
