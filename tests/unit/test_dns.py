"""proto.dns: every name resolves to one address; malformed packets get an error or no response."""

import unittest

import suite

from config.limits import DNS_QUERY_BYTES
from proto.dns import NameServer

SERVER = NameServer(bytes((192, 168, 1, 1)))
HEAD = b"\x12\x34\x01\0\0\1\0\0\0\0\0\0"
NAME = b"\3www\7example\0"
A, AAAA, HTTPS, ANY = b"\0\1", b"\0\x1c", b"\0\x41", b"\0\xff"
IN, CHAOS = b"\0\1", b"\0\3"
QUESTION = NAME + A + IN
RECORD = b"\xc0\x0c\0\1\0\1\0\0\0\x0a\0\4\xc0\xa8\1\1"


def answer(question=QUESTION, head=HEAD):
    return SERVER.answer(head + question)


def changed(at, value, data=HEAD):
    return data[:at] + bytes((value,)) + data[at + 1 :]


def code(reply):
    return reply[3] & 15


class TestNameServer(unittest.TestCase):
    def test_address(self):
        expected = b"\x12\x34\x85\x80\0\1\0\1\0\0\0\0" + QUESTION + RECORD
        self.assertEqual(answer(), expected)

    def test_type_any_and_class_any_get_the_address(self):
        for question in (NAME + ANY + IN, NAME + A + ANY):
            self.assertEqual(answer(question)[7], 1)
            self.assertTrue(answer(question).endswith(RECORD))

    def test_other_types_exist_but_are_empty(self):
        for record_type in (AAAA, HTTPS, b"\0\x0f"):
            question = NAME + record_type + IN
            self.assertEqual(answer(question), b"\x12\x34\x85\x80\0\1" + bytes(6) + question)

    def test_other_class_is_refused(self):
        self.assertEqual(code(answer(NAME + A + CHAOS)), 5)

    def test_extension_record_is_ignored(self):
        edns = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"
        self.assertEqual(answer(QUESTION + edns, changed(11, 1)), answer())

    def test_without_recursion(self):
        self.assertEqual(answer(head=changed(2, 0))[2], 0x84)

    def test_root_and_longest_name(self):
        self.assertEqual(answer(b"\0" + A + IN)[7], 1)
        longest = (b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"a" * 61 + b"\0"
        self.assertEqual(len(longest), 255)
        self.assertEqual(answer(longest + A + IN)[7], 1)
        self.assertTrue(len(HEAD + longest + A + IN) <= DNS_QUERY_BYTES)

    def test_responses_are_never_answered(self):
        for flags in (0x80, 0x81, 0xF8):
            self.assertEqual(answer(head=changed(2, flags)), b"")

    def test_packets_without_a_header_are_ignored(self):
        for end in range(12):
            self.assertEqual(SERVER.answer(HEAD[:end]), b"")

    def test_other_opcodes_are_not_implemented(self):
        for opcode in range(1, 16):
            reply = answer(head=changed(2, opcode << 3 | 1))
            self.assertEqual((len(reply), code(reply), reply[2] & 0x78), (12, 4, opcode << 3))

    def test_format_errors(self):
        too_long = (b"\x3f" + b"a" * 63) * 4 + b"\0" + A + IN
        for question, head in (
            (b"", HEAD),
            (b"\xc0\x0c" + A + IN, HEAD),  # a pointer to itself
            (b"\3www\xc0\x0c" + A + IN, HEAD),
            (b"\x40" + b"a" * 64 + b"\0" + A + IN, HEAD),
            (too_long, HEAD),
            (QUESTION, changed(5, 0)),
            (QUESTION * 2, changed(5, 2)),
            (QUESTION, changed(4, 255)),
            (QUESTION, changed(2, 3)),  # truncated
        ):
            reply = answer(question, head)
            self.assertEqual((len(reply), code(reply), reply[4:]), (12, 1, bytes(8)), question)

    def test_truncated_query(self):
        query = HEAD + QUESTION
        for end in range(12, len(query)):
            self.assertEqual(code(SERVER.answer(query[:end])), 1)


suite.main()
