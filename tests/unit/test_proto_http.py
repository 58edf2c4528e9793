"""proto.http: accepted and refused heads (more in test_http_server), and dates."""

import unittest

import suite

from config.limits import HTTP_HEAD_BYTES
from proto.http import REASONS, HTTPError, date, parse_head

HOST = b"Host: cam\r\n"


def status(head):
    try:
        parse_head(head + b"\r\n")
        return 200
    except HTTPError as e:
        assert str(e) and e.status in REASONS, head
        return e.status


class TestHead(unittest.TestCase):
    def test_fields(self):
        head = parse_head(
            b"POST /form?a=%20b HTTP/1.1\r\nhOsT: cam\r\nContent-Length:  12 \r\n\r\n"
        )
        self.assertEqual((head.method, head.target), ("POST", "/form?a=%20b"))
        self.assertEqual((head.content_length, head.headers["host"]), (12, "cam"))
        head = parse_head(b"GET / HTTP/1.0\r\n\r\n")
        self.assertEqual((head.method, head.target, head.content_length), ("GET", "/", 0))
        self.assertEqual(head.headers, {})

    def test_limits(self):
        for n, expected in ((1_024, 200), (1_025, 414)):
            target = b"/" + b"a" * (n - 1)
            self.assertEqual(status(b"GET " + target + b" HTTP/1.1\r\n" + HOST), expected)
        for n, expected in ((63, 200), (64, 431)):
            self.assertEqual(status(b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n" * n), expected)
        self.assertTrue(1_024 < HTTP_HEAD_BYTES <= 4_096)

    def test_lengths_at_every_power_of_two(self):
        for n in (0, 65_535, 65_536, 65_537, 1 << 29):
            head = b"POST / HTTP/1.0\r\nContent-Length: " + str(n).encode() + b"\r\n\r\n"
            self.assertEqual(parse_head(head).content_length, n)
        for n in (1 << 31, 1 << 32, (1 << 32) + 1, 1 << 64):
            head = b"POST / HTTP/1.0\r\nContent-Length: " + str(n).encode() + b"\r\n"
            self.assertEqual(status(head), 413)

    def test_valid_header_values(self):
        for value in (b"", b"a", b" a ", b"a\tb", b"\xfc\xff", b"a:b", b"~" * 500):
            head = b"GET / HTTP/1.1\r\n" + HOST + b"X-A: " + value + b"\r\n"
            self.assertEqual(status(head), 200, value)

    def test_last_of_repeated_headers_counts(self):
        head = parse_head(b"GET / HTTP/1.0\r\nAccept: a\r\nACCEPT: \xc3\xbc\r\n\r\n")
        self.assertEqual(head.headers, {"accept": "\xfc"})

    def test_control_characters_are_refused(self):
        for i in list(range(32)) + [127]:
            char = bytes((i,))
            heads = [
                b"GET /a" + char + b" HTTP/1.1\r\n" + HOST,
                b"GE" + char + b"T / HTTP/1.1\r\n" + HOST,
                b"GET / HTTP/1.1\r\nX" + char + b": a\r\n" + HOST,
            ]
            if i != 9:
                heads.append(b"GET / HTTP/1.1\r\nX: a" + char + b"b\r\n" + HOST)
            for head in heads:
                self.assertEqual(status(head), 400, head)

    def test_hosts(self):
        for host in ("", "cam", "cam:80", "cam:", "cam.local.", "10.0.0.1:65535", "[::1]:8080"):
            head = "GET / HTTP/1.1\r\nHost: {}\r\n".format(host).encode()
            self.assertEqual(status(head), 200, host)
        for host in ("a b", "cam:65536", "cam:-1", "cam:x", "a/b", "joe@cam", "::1", "%zz"):
            head = "GET / HTTP/1.1\r\nHost: {}\r\n".format(host).encode()
            self.assertEqual(status(head), 400, host)

    def test_forms_of_the_target(self):
        for target, path, host in (
            (b"http://a:80/b?c=d", "/b?c=d", "a:80"),
            (b"HTTP://a", "/", "a"),
            (b"http://a?b", "/?b", "a"),
            (b"/http://a", "/http://a", "cam"),
        ):
            head = parse_head(b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"\r\n")
            self.assertEqual((head.target, head.headers["host"]), (path, host))
        head = parse_head(b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n")
        self.assertEqual((head.target, head.headers["host"]), ("*", "cam"))

    def test_absolute_form_needs_a_host_header_too(self):
        self.assertEqual(status(b"GET http://cam/ HTTP/1.1\r\n"), 400)


class TestDate(unittest.TestCase):
    def test_known_times(self):
        for seconds, expected in (
            (0, "Sat, 01 Jan 2000 00:00:00 GMT"),
            (86_400 * 366 - 1, "Sun, 31 Dec 2000 23:59:59 GMT"),
            (845_424_000, "Fri, 16 Oct 2026 00:00:00 GMT"),
        ):
            self.assertEqual(date(seconds), expected)


suite.main()
