"""proto.mqtt: packets byte by byte, as section 2 and 3 of MQTT 3.1.1 have them."""

import unittest

from proto.mqtt import Codec, puback
from proto.mqttconnect import Refused, check_connack, connect


class TestCodec(unittest.TestCase):
    def whole(self, packet):
        return b"".join([bytes(part) for part in packet])

    def test_publish(self):
        codec = Codec()
        self.assertEqual(self.whole(codec.publish(b"a/b", b"hi")), b"\x30\x07\x00\x03a/bhi")
        self.assertEqual(self.whole(codec.publish(b"a", b"", True)), b"\x31\x03\x00\x01a")
        self.assertEqual(
            self.whole(codec.publish(b"a", b"hi", True, 0x0102)), b"\x33\x07\x00\x01a\x01\x02hi"
        )
        self.assertEqual(
            self.whole(codec.publish(b"a", b"hi", False, 65_535, True)),
            b"\x3a\x07\x00\x01a\xff\xffhi",
        )

    def test_large_payload_is_handed_on_and_not_copied(self):
        for size, length in (
            (600, b"\xdb\x04"),
            (16_380, b"\xff\x7f"),
            (16_381, b"\x80\x80\x01"),
            (1_000_000, b"\xc3\x84\x3d"),
        ):
            payload = memoryview(bytearray(size))
            head, body = Codec().publish(b"a", payload)
            self.assertEqual(bytes(head), b"\x30" + length + b"\x00\x01a")
            self.assertIs(body, payload)

    def test_payload_of_every_length_is_whole(self):
        codec = Codec()
        data = bytes(i % 251 for i in range(700))
        for size in range(0, 700, 7):
            packet = self.whole(codec.publish(b"topic", memoryview(data)[:size], False, 7))
            self.assertTrue(packet.endswith(b"\x00\x05topic\x00\x07" + data[:size]), size)

    def test_topic_too_long_is_refused(self):
        codec = Codec()
        for size in (510, 600, 5_000):
            with self.assertRaises(ValueError):
                codec.publish(b"t" * size, b"x", False, 1)
        with self.assertRaises(ValueError):
            codec.subscribe(b"t" * 123, 1)
        self.assertEqual(self.whole(codec.publish(b"a", b"b")), b"\x30\x04\x00\x01ab")

    def test_subscribe_and_ping(self):
        codec = Codec()
        self.assertEqual(
            self.whole(codec.subscribe(b"a/#", 60_001)), b"\x82\x08\xea\x61\x00\x03a/#\x01"
        )
        longest = self.whole(codec.subscribe(b"t" * 122, 1))
        self.assertEqual((longest[1], len(longest)), (127, 129))
        self.assertEqual(self.whole(codec.ping()), b"\xc0\x00")

    def test_puback(self):
        self.assertEqual(puback(0x1234), b"\x40\x02\x12\x34")


class TestConnect(unittest.TestCase):
    def test_with_and_without_login(self):
        self.assertEqual(
            connect("id", 120, True, b"w", b"off"),
            b"\x10\x16\x00\x04MQTT\x04\x2e\x00\x78\x00\x02id\x00\x01w\x00\x03off",
        )
        self.assertEqual(
            connect("id", 3_600, False, b"w", b"off", "ü", "p"),
            b"\x10\x1d\x00\x04MQTT\x04\xec\x0e\x10\x00\x02id\x00\x01w\x00\x03off\x00\x02\xc3\xbc"
            b"\x00\x01p",
        )

    def test_long_one_has_a_length_of_two_bytes(self):
        packet = connect("i" * 23, 120, True, b"w" * 60, b"off", "u" * 63, "p" * 127)
        self.assertEqual(packet[1] & 127 | packet[2] << 7, len(packet) - 3)
        self.assertTrue(packet[1] & 128)

    def test_connack(self):
        self.assertEqual(check_connack(b"\x00\x00"), 0)
        self.assertEqual(check_connack(b"\x01\x00"), 1)
        for code in (1, 2, 3, 4, 5, 6, 0x80, 0xFF):
            with self.assertRaises(Refused):
                check_connack(bytes((0, code)))


unittest.main()
