"""proto.http: heads that may pass and heads that may not (more of them in test_httpdoor)."""

import unittest

from proto.http import MOST_HEAD, BadRequest, check_head
from proto.reasons import titled

HOST = b"Host: cam\r\n"


def status(head):
    try:
        check_head(head + b"\r\n")
        return 200
    except BadRequest as e:
        assert str(e) and titled(e.status), head
        return e.status


class TestCheckHead(unittest.TestCase):
    def test_what_is_in_it(self):
        head = b"POST /form?a=%20b HTTP/1.1\r\nhOsT: cam\r\nContent-Length:  12 \r\n\r\n"
        self.assertEqual(check_head(head), (b"POST", b"/form?a=%20b", 12))
        self.assertEqual(check_head(b"GET / HTTP/1.0\r\n\r\n"), (b"GET", b"/", 0))

    def test_limits_to_the_byte(self):
        for n, expected in ((1_024, 200), (1_025, 414)):
            target = b"/" + b"a" * (n - 1)
            self.assertEqual(status(b"GET " + target + b" HTTP/1.1\r\n" + HOST), expected)
        for n, expected in ((63, 200), (64, 431)):
            self.assertEqual(status(b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n" * n), expected)
        self.assertTrue(1_024 < MOST_HEAD <= 4_096)

    def test_lengths_at_every_power_of_two(self):
        for n in (0, 65_535, 65_536, 65_537, 1 << 29):
            head = b"POST / HTTP/1.0\r\nContent-Length: " + str(n).encode() + b"\r\n\r\n"
            self.assertEqual(check_head(head)[2], n)
        for n in (1 << 31, 1 << 32, (1 << 32) + 1, 1 << 64):
            head = b"POST / HTTP/1.0\r\nContent-Length: " + str(n).encode() + b"\r\n"
            self.assertEqual(status(head), 413)

    def test_header_values_that_are_fine(self):
        for value in (b"", b"a", b" a ", b"a\tb", b"\xfc\xff", b"a:b", b"~" * 500):
            head = b"GET / HTTP/1.1\r\n" + HOST + b"X-A: " + value + b"\r\n"
            self.assertEqual(status(head), 200, value)

    def test_control_characters_nowhere(self):
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


unittest.main()
