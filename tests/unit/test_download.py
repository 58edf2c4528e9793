"""app.ota.http_source: responses and failures of a web server."""

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
    """Responds to request n with `responses[n]`, a list of bytes and of waits in ms."""

    def __init__(self, *responses):
        self.responses = list(responses)
        self.requests = []
        self.bodies = []
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
            if "Content-Length: " in self.requests[-1]:
                length = int(self.requests[-1].split("Content-Length: ")[1].split("\r\n")[0])
                self.bodies.append(await read(stream, length))
            for part in self.responses.pop(0):
                if isinstance(part, int):
                    await asyncio.sleep_ms(part)
                else:
                    await stream.send(part)
        except OSError:
            pass
        finally:
            stream.close()


def download_of(url, deadlines, **more):
    connector = Connector(Direct(), deadlines)
    return Download(url, connector, {"mqttverify": 0, "mqttca": ""}, Log(), **more)


async def read_all(download):
    """Return all bytes of a download."""
    await download.open()
    data = bytearray()
    view = memoryview(bytearray(700))
    while True:
        got = await download.read(view)
        if not got:
            return bytes(data)
        data += view[:got]


class TestDownload(unittest.TestCase):
    def got(self, *responses, login="", **more):
        """Return the data or the exception of a download, and the requests."""

        async def scenario():
            deadlines = Deadlines(50)
            task = asyncio.create_task(deadlines.run())
            async with Server(*responses) as server:
                download = self.download = download_of(server.url(login=login), deadlines, **more)
                self.insert_port(server, responses)
                try:
                    return await outcome(read_all(download)), server.requests
                finally:
                    download.close()
                    await ended(task)
                    self.assertEqual(len(deadlines), 0)

        return run(scenario())

    def insert_port(self, server, responses):
        """Replace PORT in the responses by the server's port."""
        port = str(server.port).encode()
        server.responses = [
            [p if isinstance(p, int) else p.replace(b"PORT", port) for p in response]
            for response in responses
        ]

    def fails(self, why, *responses, **how):
        error, requests = self.got(*responses, **how)
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

    def test_resumes_at_the_offset_reached(self):
        tag = b'ETag: "v1"\r\n'
        rest = PARTIAL + b"Content-Length: 6040\r\n\r\n" + DATA[4_000:]
        data, requests = self.got([OK + LENGTH + tag + b"\r\n" + DATA[:4_000]], [rest])
        self.assertEqual(data, DATA)
        self.assertIn("Range: bytes=4000-\r\n", requests[1])
        self.assertIn('If-Range: "v1"\r\n', requests[1])

    def test_resumes_after_a_stall_without_range_support(self):
        started = clock.now_ms()
        first = [OK + LENGTH + b"\r\n" + DATA[:4_000], 60_000]
        data, _ = self.got(first, [OK + LENGTH + b"\r\n" + DATA])
        self.assertEqual(data, DATA)
        self.assertTrue(30_000 <= clock.now_ms() - started < 60_000)

    def test_file_changes_during_the_download(self):
        first = [OK + LENGTH + b"\r\n" + DATA[:4_000]]
        self.fails("changed", first, [OK + b"Content-Length: 9999\r\n\r\n" + DATA])
        old = [OK + LENGTH + b'ETag: "v1"\r\n\r\n' + DATA[:4_000]]
        for head in (OK + LENGTH, PARTIAL):  # of the same length as the old one
            requests = self.fails("changed", old, [head + b'ETag: "v2"\r\n\r\n' + DATA])
            self.assertEqual(len(requests), 2)
        wrong = b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 4001-10039/10040\r\n\r\n"
        self.fails("206", first, [wrong + DATA[4_001:]])

    def test_server_is_busy_during_the_download(self):
        part = [OK + LENGTH + b"\r\n" + DATA[:4_000]]
        rest = [PARTIAL + b"Content-Length: 6040\r\n\r\n" + DATA[4_000:]]
        for busy in (b"503 Service Unavailable", b"502 Bad Gateway", b"429 Too Many Requests"):
            data, requests = self.got(part, [b"HTTP/1.1 " + busy + b"\r\n\r\n"], rest)
            self.assertEqual((data, len(requests)), (DATA, 3))
        self.fails("404", part, [b"HTTP/1.1 404 Not Found\r\n\r\n"], rest)

    def test_resumes_at_the_original_url_of_a_redirect(self):
        """The target of a redirect may be valid for only a minute."""
        moved = [b"HTTP/1.1 302 Found\r\nLocation: /signed?until=now\r\n\r\n"]
        part = [OK + LENGTH + b"\r\n" + DATA[:4_000]]
        rest = [PARTIAL + b"Content-Length: 6040\r\n\r\n" + DATA[4_000:]]
        data, requests = self.got(moved, part, moved, rest)
        self.assertEqual(data, DATA)
        paths = [request.split(" ")[1] for request in requests]
        self.assertEqual(paths, ["/fw.bin", "/signed?until=now"] * 2)

    def test_long_unused_headers(self):
        long = b"Content-Security-Policy: " + b"x" * 5_000 + b"\r\n"
        data, _ = self.got([OK + long + LENGTH + b"\r\n" + DATA])
        self.assertEqual(data, DATA)
        redirect = b"HTTP/1.1 302 Found\r\nLocation: /" + b"x" * 5_000 + b"\r\n\r\n"
        self.fails("too long a line", [redirect])
        self.fails("too long a line", [OK + b"x: " + b"x" * 40_000 + b"\r\n\r\n"])

    def test_chunks_and_a_length(self):
        """Chunked encoding overrides the length (RFC 9112 section 6.3)."""
        head = OK + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"
        data, _ = self.got([head + b"2738;x=y\r\n" + DATA + b"\r\n0\r\nTrailer: z\r\n\r\n"])
        self.assertEqual(data, DATA)
        self.assertEqual(self.download.total, None)

    def test_fails_after_several_retries(self):
        part = [OK + LENGTH + b"\r\n" + DATA[:10]]
        requests = self.fails("", part, *[[]] * 9)
        self.assertEqual(len(requests), 6)

    def test_redirects(self):
        def to(target, status=b"302 Found"):
            return [b"HTTP/1.1 " + status + b"\r\nLocation: " + target + b"\r\n\r\n"]

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
        for target in (b"file:///etc/passwd", b"ftp://host/x", b"javascript:1", b"http://"):
            self.fails("http://host/file", to(target))

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

    def test_interim_responses_are_skipped(self):
        hints = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
        interim = b"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n" + hints
        data, _ = self.got([interim + OK + LENGTH + b"\r\n" + DATA])
        self.assertEqual(data, DATA)
        self.fails("interim responses", [hints * 100])
        self.fails("101 Switching", [b"HTTP/1.1 101 Switching Protocols\r\n\r\n"])

    def test_redirect_with_a_query_keeps_the_name_of_the_file(self):
        to = b"HTTP/1.1 302 Found\r\nLocation: ?x=1\r\n\r\n"
        data, requests = self.got([to], [OK + LENGTH + b"\r\n" + DATA])
        self.assertEqual((data, requests[1].split(" ")[1]), (DATA, "/fw.bin?x=1"))

    def drip(self, head, part, every_ms):
        return [head] + [piece for _ in range(2_000) for piece in (part, every_ms)]

    def test_slow_server_is_given_up(self):
        for head in (
            OK + LENGTH + b"\r\n",
            OK + b"\r\n",
            OK + b"Transfer-Encoding: chunked\r\n\r\n5;",  # within the line of a chunk
            b"HTTP/1.1 ",
        ):
            started = clock.now_ms()
            self.fails("", *[self.drip(head, b"x", 5_000) for _ in range(6)])
            self.assertTrue(clock.now_ms() - started < 330_000)

    def test_slow_server_is_requested_again(self):
        head = OK + LENGTH + b"\r\n"
        data, requests = self.got(self.drip(head + DATA[:4_000], b"x", 5_000), [head + DATA])
        self.assertEqual((len(requests), len(data)), (2, len(DATA)))
        self.assertTrue(data[4_010:] == DATA[4_010:] and "Range: bytes=400" in requests[1])

    def test_total_time_is_limited(self):
        started = clock.now_ms()
        slow = self.drip(OK + b"\r\n", b"x" * 1_100, 1_000)
        self.fails("not complete after 2 minutes", slow, total_ms=120_000)
        self.assertTrue(118_000 < clock.now_ms() - started < 125_000)

    def test_unresponsive_server(self):
        started = clock.now_ms()
        self.fails("", [90_000])
        self.assertTrue(clock.now_ms() - started <= 52_000)

    def test_no_server(self):
        async def scenario():
            deadlines = Deadlines(50)
            task = asyncio.create_task(deadlines.run())
            sock, port = listening()
            sock.close()
            download = download_of(parse_url("http://127.0.0.1:%d/" % port), deadlines)
            error = await outcome(download.open())
            await ended(task)
            return error

        self.assertTrue(isinstance(run(scenario()), OSError))


if __name__ == "__main__":
    suite.main()
