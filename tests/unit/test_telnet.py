"""proto.telnet: options out, data through, and never a circle."""

import unittest

from proto.telnet import HELLO, Telnet

IAC, DONT, DO, _WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
ECHO, SGA, NAWS, TTYPE = 1, 3, 31, 24


def hear(*data):
    """(data that came through, what was answered)."""
    telnet = Telnet()
    through, answers = bytearray(), b""
    for part in data:
        for byte in bytes((part,)) if isinstance(part, int) else part:
            answers += telnet.feed(byte)
            if telnet.data is not None:
                through.append(telnet.data)
    return bytes(through), answers


class TestTelnet(unittest.TestCase):
    def test_promises_to_echo_character_by_character(self):
        self.assertEqual(HELLO, bytes((IAC, WILL, ECHO, IAC, WILL, SGA)))

    def test_data_goes_through_as_it_is(self):
        data = bytes(range(255))
        self.assertEqual(hear(data), (data, b""))
        self.assertEqual(hear(b"a", IAC, IAC, b"b"), (b"a\xffb", b""))

    def test_what_hello_promised_needs_no_answer(self):
        for option in (ECHO, SGA):
            self.assertEqual(hear(IAC, DO, option, b"x"), (b"x", b""))

    def test_everything_else_is_refused_once(self):
        for option in range(256):
            ask = bytes((IAC, WILL, option))
            self.assertEqual(hear(ask * 5, b"x"), (b"x", bytes((IAC, DONT, option))))
            if option not in (ECHO, SGA):
                ask = bytes((IAC, DO, option))
                self.assertEqual(hear(ask * 5, b"x"), (b"x", bytes((IAC, _WONT, option))))

    def test_refusals_are_never_answered(self):
        for option in range(256):
            self.assertEqual(hear(IAC, DONT, option, IAC, _WONT, option), (b"", b""))

    def test_subnegotiation_is_swallowed_whole(self):
        window = bytes((IAC, SB, NAWS, 0, 80, 0, IAC, IAC, IAC, SE))
        kind = bytes((IAC, SB, TTYPE, 0)) + b"XTERM" + bytes((IAC, SE))
        self.assertEqual(hear(b"a", window, b"b", kind, b"c"), (b"abc", b""))

    def test_unfinished_one_ends_with_its_end(self):
        self.assertEqual(hear(IAC, SB, b"x" * 10_000, IAC, SE, b"help"), (b"help", b""))

    def test_commands_of_one_byte_are_nothing(self):
        for command in range(241, 250):
            self.assertEqual(hear(b"a", IAC, command, b"b"), (b"ab", b""))

    def test_as_a_real_client_begins(self):
        begin = bytes((IAC, DO, SGA, IAC, WILL, TTYPE, IAC, WILL, NAWS, IAC, WILL, 39, IAC, DO, 5))
        expected = bytes((IAC, DONT, TTYPE, IAC, DONT, NAWS, IAC, DONT, 39, IAC, _WONT, 5))
        self.assertEqual(hear(begin, b"help\r\0"), (b"help\r\0", expected))


unittest.main()
