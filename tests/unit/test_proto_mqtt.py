"""proto.mqtt: packets byte by byte, according to MQTT 3.1.1 sections 2 and 3.

The tests run with umqtt of the package index (1.3.4) and with a client that behaves like 1.8, the
version in current firmware.
"""

import struct
import sys
import unittest

import suite

from proto import mqtt
from proto.mqtt import ProtocolError, Refused, check_connack, connect, next_id

SHARED = {"sock", "pid", "publish", "subscribe", "ping", "set_callback"}


def encoded_length(size):
    encoded = b""
    while size > 127:
        encoded += bytes((size & 127 | 128,))
        size >>= 7
    return encoded + bytes((size,))


class NewClient:
    """Client with only the names that all versions share.

    It differs from 1.3.4 at least as much as 1.8 does: it encodes any length, wraps packet ids,
    writes in other pieces, reads with a timeout and detects a closed socket.
    """

    def __init__(self, client_id, server, port=0, **options):
        self.sock = None
        self.pid = 0

    def __setattr__(self, name, value):
        if name not in SHARED and name != "cb":
            raise AttributeError("umqtt's " + name)
        super().__setattr__(name, value)

    def set_callback(self, callback):
        self.cb = callback

    def ping(self):
        self.sock.write(b"\xc0\x00")

    def publish(self, topic, msg, retain=False, qos=0):
        size = 2 + len(topic) + len(msg) + (2 if qos else 0)
        fixed = bytes((0x30 | qos << 1 | retain,)) + encoded_length(size)
        self.sock.write(fixed + struct.pack("!H", len(topic)))
        self.sock.write(topic)
        if qos:
            self.pid = self.pid % 65_535 + 1
            self.sock.write(struct.pack("!H", self.pid))
        self.sock.write(msg)
        if qos and _acknowledged(self.sock, 0x40, 3)[1:] != struct.pack("!H", self.pid):
            self.reconnect()

    def subscribe(self, topic, qos=0):
        assert self.cb is not None
        self.pid = self.pid % 65_535 + 1
        packet = bytearray(b"\x82\0\0\0\0\0\0")
        head = b"\x82" + encoded_length(5 + len(topic)) + struct.pack("!H", self.pid)
        packet[: len(head)] = head
        self.sock.write(packet, len(head))
        self.sock.write(struct.pack("!H", len(topic)))
        self.sock.write(topic)
        self.sock.write(bytes((qos,)))
        answer = _acknowledged(self.sock, 0x90, 4)
        if answer[1:3] != struct.pack("!H", self.pid) or answer[3] == 0x80:
            self.reconnect()

    def reconnect(self):
        raise AssertionError("endless reconnects")


def _acknowledged(sock, kind, size):
    first = sock.read(1)
    sock.setblocking(True)
    if first != bytes((kind,)):
        raise OSError(-1)
    return sock.read(size)


def codec_with(client):
    """Return a codec from a new import of `proto.mqtt` whose umqtt has this client."""

    class Module:
        MQTTClient = client

    names = ("umqtt.robust", "proto.mqtt")
    real = [sys.modules[name] for name in names]
    sys.modules["umqtt.robust"] = Module
    del sys.modules["proto.mqtt"]
    try:
        return __import__("proto.mqtt", None, None, ["Codec"]).Codec()
    finally:
        for name, module in zip(names, real):
            sys.modules[name] = module


class CodecTests:
    def joined(self, packet):
        return b"".join([bytes(part) for part in packet])

    def test_publish(self):
        codec = self.codec()
        self.assertEqual(self.joined(codec.publish(b"a/b", b"hi")), b"\x30\x07\x00\x03a/bhi")
        self.assertEqual(self.joined(codec.publish(b"a", b"", True)), b"\x31\x03\x00\x01a")
        self.assertEqual(
            self.joined(codec.publish(b"a", b"hi", True, 0x0102)), b"\x33\x07\x00\x01a\x01\x02hi"
        )
        self.assertEqual(
            self.joined(codec.publish(b"a", b"hi", False, 65_535, True)),
            b"\x3a\x07\x00\x01a\xff\xffhi",
        )

    def test_packet_ids_from_the_first_to_the_last(self):
        codec = self.codec()
        for packet_id in (1, 2, 255, 256, 60_001, 65_534, 65_535, 1):
            expected = b"\x32\x06\x00\x01a" + struct.pack("!H", packet_id) + b"x"
            self.assertEqual(self.joined(codec.publish(b"a", b"x", False, packet_id)), expected)
            expected = b"\x82\x06" + struct.pack("!H", packet_id) + b"\x00\x01a\x01"
            self.assertEqual(self.joined(codec.subscribe(b"a", packet_id)), expected)

    def test_large_payload_is_not_copied(self):
        codec = self.codec()
        for size, length in (
            (600, b"\xdb\x04"),
            (16_380, b"\xff\x7f"),
            (16_381, b"\x80\x80\x01"),
            (1_000_000, b"\xc3\x84\x3d"),
            (300, b"\xaf\x02"),
        ):
            payload = memoryview(bytearray(size))
            head, body = codec.publish(b"a", payload)
            self.assertEqual(bytes(head), b"\x30" + length + b"\x00\x01a")
            self.assertIs(body, payload)
        head, _ = codec.publish(b"t" * 200, payload, True)
        self.assertEqual(bytes(head), b"\x31\xf6\x03\x00\xc8" + b"t" * 200)

    def test_payload_of_every_length_is_complete(self):
        codec = self.codec()
        data = bytes(i % 251 for i in range(700))
        for size in range(0, 700, 7):
            packet = self.joined(codec.publish(b"topic", memoryview(data)[:size], False, 7))
            self.assertTrue(packet.endswith(b"\x00\x05topic\x00\x07" + data[:size]), size)

    def test_long_topic_is_refused(self):
        codec = self.codec()
        for size in (510, 600, 5_000):
            with self.assertRaises(ValueError):
                codec.publish(b"t" * size, b"x", False, 1)
        with self.assertRaises(ValueError):
            codec.subscribe(b"t" * 123, 1)
        self.assertEqual(self.joined(codec.publish(b"a", b"b")), b"\x30\x04\x00\x01ab")

    def test_subscribe_and_ping(self):
        codec = self.codec()
        self.assertEqual(
            self.joined(codec.subscribe(b"a/#", 60_001)), b"\x82\x08\xea\x61\x00\x03a/#\x01"
        )
        self.assertEqual(
            self.joined(codec.subscribe(b"a", 7, 0)), b"\x82\x06\x00\x07\x00\x01a\x00"
        )
        longest = self.joined(codec.subscribe(b"t" * 122, 1))
        self.assertEqual((longest[1], len(longest)), (127, 129))
        self.assertEqual(self.joined(codec.ping()), b"\xc0\x00")


class TestIndexVersion(CodecTests, unittest.TestCase):
    def codec(self):
        return mqtt.Codec()

    def test_reconnect_raises(self):
        client = mqtt.Codec()._client
        with self.assertRaises(RuntimeError):
            client.reconnect()

    def test_missing_acknowledgement_raises(self):
        codec = mqtt.Codec()
        codec._prepare = lambda *args: codec._buffer.clear(b"")
        with self.assertRaises(RuntimeError):
            codec.publish(b"a", b"x", False, 1)
        with self.assertRaises(RuntimeError):
            codec.subscribe(b"a", 1)


class TestFirmwareVersion(CodecTests, unittest.TestCase):
    def codec(self):
        return codec_with(NewClient)

    def test_reconnect_raises(self):
        with self.assertRaises(RuntimeError):
            self.codec()._client.reconnect()


class TestOwnPackets(unittest.TestCase):
    def test_unsubscribe(self):
        [packet] = mqtt.Codec().unsubscribe(b"a/#")
        self.assertEqual(packet, b"\xa2\x07\xff\xff\x00\x03a/#")

    def test_puback(self):
        self.assertEqual(mqtt.Codec().puback(0x1234), (b"\x40\x02\x12\x34",))

    def test_next_id(self):
        self.assertEqual([next_id(last, ()) for last in (0, 1, 65_534, 65_535)], [1, 2, 65_535, 1])
        self.assertEqual(next_id(65_535, [1, 2, 4]), 3)

    def test_connect_with_and_without_login(self):
        self.assertEqual(
            connect("id", 120, True, b"w", b"off"),
            b"\x10\x16\x00\x04MQTT\x04\x2e\x00\x78\x00\x02id\x00\x01w\x00\x03off",
        )
        self.assertEqual(
            connect("id", 3_600, False, b"w", b"off", "ü", "p"),
            b"\x10\x1d\x00\x04MQTT\x04\xec\x0e\x10\x00\x02id\x00\x01w\x00\x03off\x00\x02\xc3\xbc"
            b"\x00\x01p",
        )

    def test_long_connect_has_a_length_of_two_bytes(self):
        packet = connect("i" * 23, 120, True, b"w" * 60, b"off", "u" * 63, "p" * 127)
        self.assertEqual(packet[1] & 127 | packet[2] << 7, len(packet) - 3)
        self.assertTrue(packet[1] & 128)

    def test_connack(self):
        for clean in (True, False):
            self.assertFalse(check_connack(b"\x20\x02\x00\x00", clean))
        self.assertTrue(check_connack(memoryview(b"\x20\x02\x01\x00"), False))
        for code in (1, 2, 3, 4, 5, 6, 0x80, 0xFF):
            try:
                check_connack(bytes((0x20, 2, 0, code)), False)
                self.fail("accepted")
            except Refused as e:
                self.assertEqual(e.is_login, code in (4, 5))
        for answer in (b"\x30\x02\x00\x00", b"\x20\x03\x00\x00", b"HTTP"):
            with self.assertRaises(ProtocolError):
                check_connack(answer, False)
        for flags, code, clean in ((0xFE, 0, False), (2, 0, False), (1, 5, False), (1, 0, True)):
            with self.assertRaises(ProtocolError):  # sections 3.2.2.1 and 3.2.2.2
                check_connack(bytes((0x20, 2, flags, code)), clean)


class TestPieces(unittest.TestCase):
    def test_packet_is_that_of_the_whole_payload(self):
        for pieces in ((b"",), (b"1", b"", b"234"), (b"x" * 300, b"y", b"z" * 16_000)):
            for retain in (False, True):
                self.check(pieces, retain)

    def check(self, pieces, retain):
        size, whole = sum(len(piece) for piece in pieces), b"".join(pieces)
        codec = mqtt.Codec()
        payload = mqtt.Pieces(size, len(pieces), lambda n: pieces[n])
        parts = codec.publish(b"a/b", payload, retain)
        self.assertEqual(len(parts), 1 + len(pieces))
        packet = b"".join(bytes(parts[number]) for number in range(len(parts)))
        self.assertEqual(packet, b"".join(bytes(p) for p in codec.publish(b"a/b", whole, retain)))

    def test_piece_is_made_once_while_it_is_written(self):
        made = []

        def piece(number):
            made.append(number)
            return b"x"

        parts = mqtt.Codec().publish(b"t", mqtt.Pieces(2, 2, piece))
        for number in (0, 1, 1, 1, 2, 2):
            len(parts[number])
        self.assertEqual(made, [0, 1])


suite.main()
