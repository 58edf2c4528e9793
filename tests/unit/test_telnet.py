"""proto.telnet: options are refused once, data passes unchanged, negotiations never loop."""

import unittest

import suite

from proto.telnet import HELLO, Telnet

IAC, DONT, DO, _WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
ECHO, SGA, NAWS, TTYPE = 1, 3, 31, 24


def receive(*received):
    """Return (data, bytes sent in response)."""
    telnet = Telnet()
    data, responses = bytearray(), b""
    for part in received:
        for byte in bytes((part,)) if isinstance(part, int) else part:
            responses += telnet.feed(byte)
            if telnet.data is not None:
                data.append(telnet.data)
    return bytes(data), responses


class TestTelnet(unittest.TestCase):
    def test_offers_to_echo_character_by_character(self):
        self.assertEqual(HELLO, bytes((IAC, WILL, ECHO, IAC, WILL, SGA)))

    def test_data_passes_unchanged(self):
        data = bytes(range(255))
        self.assertEqual(receive(data), (data, b""))
        self.assertEqual(receive(b"a", IAC, IAC, b"b"), (b"a\xffb", b""))

    def test_accepted_own_offers_get_no_response(self):
        for option in (ECHO, SGA):
            self.assertEqual(receive(IAC, DO, option, b"x"), (b"x", b""))

    def test_other_options_are_refused_once(self):
        for option in range(256):
            request = bytes((IAC, WILL, option))
            self.assertEqual(receive(request * 5, b"x"), (b"x", bytes((IAC, DONT, option))))
            if option not in (ECHO, SGA):
                request = bytes((IAC, DO, option))
                self.assertEqual(receive(request * 5, b"x"), (b"x", bytes((IAC, _WONT, option))))

    def test_refusals_get_no_response(self):
        for option in range(256):
            self.assertEqual(receive(IAC, DONT, option, IAC, _WONT, option), (b"", b""))

    def test_subnegotiation_is_skipped(self):
        window = bytes((IAC, SB, NAWS, 0, 80, 0, IAC, IAC, IAC, SE))
        kind = bytes((IAC, SB, TTYPE, 0)) + b"XTERM" + bytes((IAC, SE))
        self.assertEqual(receive(b"a", window, b"b", kind, b"c"), (b"abc", b""))

    def test_long_subnegotiation_is_skipped(self):
        self.assertEqual(receive(IAC, SB, b"x" * 10_000, IAC, SE, b"help"), (b"help", b""))

    def test_commands_of_one_byte_are_ignored(self):
        for command in range(241, 250):
            self.assertEqual(receive(b"a", IAC, command, b"b"), (b"ab", b""))

    def test_start_of_a_real_client(self):
        begin = bytes((IAC, DO, SGA, IAC, WILL, TTYPE, IAC, WILL, NAWS, IAC, WILL, 39, IAC, DO, 5))
        expected = bytes((IAC, DONT, TTYPE, IAC, DONT, NAWS, IAC, DONT, 39, IAC, _WONT, 5))
        self.assertEqual(receive(begin, b"help\r\0"), (b"help\r\0", expected))


suite.main()
