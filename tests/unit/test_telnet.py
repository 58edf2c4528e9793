"""proto.telnet: options are answered once, data comes through (more in tests/props)."""

import unittest

from proto.telnet import HELLO, Telnet

IAC, DONT, DO, _WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240


def feed(*stream):
    telnet = Telnet()
    answers, data = b"", b""
    for byte in bytes(stream):
        answers += telnet.feed(byte)
        if telnet.data is not None:
            data += bytes((telnet.data,))
    return answers, data


class TestTelnet(unittest.TestCase):
    def test_data_and_doubled_iac(self):
        self.assertEqual(feed(65, 13, 10, 0), (b"", b"A\r\n\0"))
        self.assertEqual(feed(IAC, IAC, 65), (b"", b"\xffA"))

    def test_what_hello_promised_is_not_refused(self):
        self.assertEqual(HELLO, bytes((IAC, WILL, 1, IAC, WILL, 3)))
        self.assertEqual(feed(IAC, DO, 1, IAC, DO, 3), (b"", b""))

    def test_the_rest_is_refused_once(self):
        for option in (0, 1, 24, 31, 34, 255):
            will = (IAC, WILL, option) * 5
            self.assertEqual(feed(*will), (bytes((IAC, DONT, option)), b""))
        self.assertEqual(feed(*((IAC, DO, 24) * 5)), (bytes((IAC, _WONT, 24)), b""))
        self.assertEqual(feed(IAC, _WONT, 24, IAC, DONT, 24), (b"", b""))

    def test_storm_of_all_options(self):
        stream = []
        for _ in range(4):
            for option in range(256):
                stream += [IAC, DO, option, IAC, WILL, option]
        self.assertEqual(len(feed(*stream)[0]), 3 * (256 + 256 - 2))

    def test_subnegotiations_are_swallowed(self):
        stream = (IAC, SB, 24, 0, 88, IAC, IAC, IAC, SE, 65)
        self.assertEqual(feed(*stream), (b"", b"A"))
        self.assertEqual(feed(IAC, SB, *([1] * 5_000))[1], b"")


unittest.main()
