"""app.mqtt.receiver: valid and forbidden packets of a broker, in any split."""

import asyncio
import gc
import unittest

import suite
from fakes import Wire, ended, outcome, run, until

from aio.reader import Reader
from app.mqtt.receiver import Receiver
from proto.mqtt import ProtocolError


def length(n):
    out = b""
    while n > 127:
        out += bytes((n & 127 | 128,))
        n >>= 7
    return out + bytes((n,))


def text(data):
    return bytes((len(data) >> 8, len(data) & 255)) + data


def publish(topic, payload=b"", packet_id=0, flags=0):
    body = text(topic)
    if packet_id:
        body += bytes((packet_id >> 8, packet_id & 255))
        flags |= 2
    return bytes((0x30 | flags,)) + length(len(body) + len(payload)) + body + payload


class Handler:
    """Reads messages, up to `most` bytes of each payload."""

    def __init__(self, most=1_000_000):
        self._most = most
        self.got = []

    async def receive(self, topic, body, retained):
        data = bytearray(min(self._most, body.left))
        await body.readinto(memoryview(data))
        self.got.append((topic, bytes(data), retained))


class Session:
    def __init__(self):
        self.acknowledged = []
        self.pubacks = []
        self.subacks = []
        self.pingresps = 0

    async def acknowledge(self, packet_id):
        self.acknowledged.append(packet_id)

    def on_pingresp(self):
        self.pingresps += 1

    def on_puback(self, packet_id):
        self.pubacks.append(packet_id)

    def on_suback(self, packet_id, code):
        self.subacks.append((packet_id, code))


class Pieces:
    """Stream of `data` in pieces of `step` bytes, after which the link ends."""

    def __init__(self, data, step):
        self._data = data
        self._step = step
        self._at = 0

    async def recv_into(self, view, stall_ms=0):
        part = self._data[self._at : self._at + min(self._step, len(view))]
        view[: len(part)] = part
        self._at += len(part)
        return len(part)


def feed(data, step=1_000_000, handler=None):
    """Return (error, handler, session) after receiving `data` and the end of the link."""
    handler = handler or Handler()
    session = Session()
    reader = Reader(Pieces(data, step), bytearray(512), 1_000)
    error = run(outcome(Receiver(handler).run(reader, session)))
    return error, handler, session


PINGRESP = b"\xd0\x00"
GOOD = (
    publish(b"cmnd/a/power", b"on")
    + publish(b"cmnd/a/timer", b"5", packet_id=7)
    + b"\xd0\x00"
    + b"\x40\x02\x01\x02"
    + b"\x90\x03\xea\x60\x01"
    + publish(b"cmnd/a/help", b"", flags=1)
    + publish("cmnd/ä/status".encode(), b"x" * 700, packet_id=65_535)
    + b"\x90\x03\xea\x61\x80"
)

BAD = {
    "remaining length of five bytes": b"\x30\xff\xff\xff\xff\x01",
    "type 0": b"\x00\x00",
    "type 15": b"\xf0\x00",
    "a second CONNACK": b"\x20\x02\x00\x00",
    "CONNECT from the broker": b"\x10\x00",
    "PINGREQ from the broker": b"\xc0\x00",
    "PINGRESP with a body": b"\xd0\x01\x00",
    "PINGRESP with flags": b"\xd1\x00",
    "PUBACK of one byte": b"\x40\x01\x00",
    "PUBACK of three bytes": b"\x40\x03\x00\x01\x00",
    "PUBACK with flags": b"\x42\x02\x00\x01",
    "SUBACK without codes": b"\x90\x02\x00\x01",
    "SUBACK of a megabyte": b"\x90\xff\xff\x3f",
    "PUBREL": b"\x62\x02\x00\x01",
    "PUBLISH at QoS 3": b"\x36\x07\x00\x01a\x00\x01hi",
    "PUBLISH at QoS 2": b"\x34\x07\x00\x01a\x00\x01hi",
    "PUBLISH with packet id 0": b"\x32\x07\x00\x01a\x00\x00hi",
    "PUBLISH of no byte": b"\x30\x00",
    "PUBLISH of one byte": b"\x30\x01\x00",
    "PUBLISH without a topic": b"\x30\x04\x00\x00hi",
    "topic longer than the packet": b"\x30\x04\x00\x05ab",
    "topic that leaves no room for the id": b"\x32\x04\x00\x01ab",
    "topic that is not UTF-8": b"\x30\x05\x00\x03a\xffb",
    "topic with NUL": b"\x30\x05\x00\x03a\x00b",
    "topic with an overlong form": b"\x30\x06\x00\x04a\xc0\xafb",
    "topic with a surrogate": b"\x30\x05\x00\x03\xed\xa0\x80",
    "topic with #": b"\x30\x05\x00\x03a/#",
    "topic with +": b"\x30\x05\x00\x03+/a",
    "QoS 0 with DUP": b"\x38\x05\x00\x03a/b",
    "SUBACK with code 3": b"\x90\x03\xea\x60\x03",
    "SUBACK with code 0x7F": b"\x90\x03\xea\x60\x7f",
    "SUBACK with code 0x81": b"\x90\x03\xea\x60\x81",
}


class TestReceiver(unittest.TestCase):
    def test_every_split_yields_the_same_messages(self):
        for step in (1, 2, 3, 5, 17, 511, 1_000_000):
            error, handler, session = feed(GOOD, step)
            self.assertIsInstance(error, OSError)
            self.assertFalse(isinstance(error, ProtocolError), error)
            self.assertEqual(
                handler.got,
                [
                    ("cmnd/a/power", b"on", False),
                    ("cmnd/a/timer", b"5", False),
                    ("cmnd/a/help", b"", True),
                    ("cmnd/ä/status", b"x" * 700, False),
                ],
            )
            self.assertEqual(session.acknowledged, [7, 65_535])
            self.assertEqual((session.pubacks, session.pingresps), ([0x102], 1))
            self.assertEqual(session.subacks, [(0xEA60, 1), (0xEA61, 0x80)])

    def test_end_of_the_link_at_any_byte_is_an_oserror(self):
        for end in range(len(GOOD)):
            error = feed(GOOD[:end], 3)[0]
            self.assertIsInstance(error, OSError)
            self.assertFalse(isinstance(error, ProtocolError), end)

    def test_forbidden_packets_are_refused_in_every_split(self):
        for what, packet in BAD.items():
            for step in (1, 2, 1_000):
                error, handler, session = feed(packet + b"\0" * 64, step)
                self.assertIsInstance(error, ProtocolError, "{}: {!r}".format(what, error))
                self.assertEqual(handler.got, [], what)
                self.assertEqual(session.acknowledged, [], what)

    def test_unread_payload_is_skipped(self):
        data = publish(b"a", b"z" * 3_000, packet_id=3) + publish(b"b", b"next")
        for step in (1, 100, 10_000):
            _, handler, session = feed(data, step, Handler(most=2))
            self.assertEqual(handler.got, [("a", b"zz", False), ("b", b"ne", False)])
            self.assertEqual(session.acknowledged, [3])

    def test_message_with_a_long_topic_is_skipped_and_acknowledged(self):
        data = publish(b"t" * 300, b"x", packet_id=9) + publish(b"t" * 40_000, b"x" * 999)
        data += publish(b"b", b"next")
        for step in (1, 100, 100_000):
            error, handler, session = feed(data, step)
            self.assertEqual(handler.got, [("b", b"next", False)])
            self.assertEqual(session.acknowledged, [9])
            self.assertFalse(isinstance(error, ProtocolError), error)

    def test_repeated_message_is_handled_once_and_acknowledged_twice(self):
        data = publish(b"a", b"1", 5) + publish(b"a", b"1", 5, flags=8) + publish(b"a", b"2", 6)
        _, handler, session = feed(data)
        self.assertEqual([got[1] for got in handler.got], [b"1", b"2"])
        self.assertEqual(session.acknowledged, [5, 5, 6])

    def test_same_id_without_dup_is_another_message(self):
        _, handler, session = feed(publish(b"a", b"1", 5) + publish(b"a", b"2", 5))
        self.assertEqual([got[1] for got in handler.got], [b"1", b"2"])
        self.assertEqual(session.acknowledged, [5, 5])

    def test_unknown_message_marked_dup_is_handled(self):
        _, handler, _ = feed(publish(b"a", b"1", 5, flags=8))
        self.assertEqual(len(handler.got), 1)

    def test_packet_ids_of_a_session_that_is_lost_are_forgotten(self):
        first, second = publish(b"a", b"1", 5), publish(b"a", b"2", 5, flags=8)
        self.assertEqual(self.payloads([(first, False), (second, False)]), [b"1", b"2"])
        self.assertEqual(
            self.payloads([(first, False), (b"", True), (b"", False), (second, True)]),
            [b"1", b"2"],
        )

    def test_message_repeated_on_the_next_link_of_a_session_is_handled_once(self):
        first = b"".join(publish(b"a", b"%d" % n, n) for n in range(1, 33))
        again = b"".join(publish(b"a", b"%d" % n, n, flags=8) for n in range(1, 34))
        payloads = [b"%d" % n for n in range(1, 34)]
        self.assertEqual(self.payloads([(first, False), (again, True)]), payloads)
        self.assertEqual(self.payloads([(first, True), (b"", True), (again, True)]), payloads)
        self.assertEqual(self.payloads([(first + PINGRESP, True), (again, True)]), payloads)

    def test_packet_id_that_the_broker_has_seen_acknowledged_is_forgotten(self):
        first, second = publish(b"a", b"1", 5), publish(b"a", b"2", 5, flags=8)
        links = [(first + PINGRESP + PINGRESP, True), (second, True)]
        self.assertEqual(self.payloads(links), [b"1", b"2"])

    def test_number_of_packet_ids_is_limited(self):
        many = b"".join(publish(b"a", b"", n) for n in range(1, 200))
        again = publish(b"a", b"", 1, flags=8) + publish(b"a", b"", 199, flags=8)
        self.assertEqual(len(self.payloads([(many, True), (again, True)])), 200)

    def payloads(self, links):
        """Return the payloads received over `links`: pairs (data, the session was kept)."""

        async def receive():
            handler, session = Handler(), Session()
            receiver = Receiver(handler)
            for data, kept in links:
                reader = Reader(Pieces(data, 100), bytearray(512), 1_000)
                error = await outcome(receiver.run(reader, session, kept))
                assert isinstance(error, OSError) and not isinstance(error, ProtocolError), repr(
                    error
                )
            return [got[1] for got in handler.got]

        return run(receive())

    def test_flood_of_packets_lets_other_tasks_run(self):
        packets = 2_000

        async def flood():
            turns = 0

            async def count():
                nonlocal turns
                while True:
                    turns += 1
                    await asyncio.sleep_ms(0)

            counter = asyncio.create_task(count())
            reader = Reader(Pieces(b"\xd0\x00" * packets, 512), bytearray(512), 1_000)
            await outcome(Receiver(Handler()).run(reader, Session()))
            await ended(counter)
            return turns

        self.assertTrue(run(flood()) >= packets)

    def test_skipping_ten_megabytes_takes_no_heap(self):
        block = b"\0" * 65_536
        size = 10_000_000

        async def scenario():
            handler = Handler(most=16)
            session = Session()
            async with Wire() as wire:
                reader = Reader(wire.ours, bytearray(2_048), 10_000)
                task = asyncio.create_task(Receiver(handler).run(reader, session))
                head = text(b"cmnd/a/power") + b"\x00\x01"
                await wire.peer.send(b"\x32" + length(len(head) + size) + head)
                gc.collect()
                before = gc.mem_alloc()
                sent = peak = 0
                while sent < size:
                    n = min(len(block), size - sent)
                    await wire.peer.send(memoryview(block)[:n])
                    sent += n
                    gc.collect()
                    peak = max(peak, gc.mem_alloc() - before)
                await wire.peer.send(publish(b"b", b"next"))
                await until(lambda: len(handler.got) == 2)
                await ended(task)
            self.assertEqual(session.acknowledged, [1])
            self.assertEqual(handler.got[1][1], b"next")
            self.assertTrue(peak < 8_192, peak)

        run(scenario())


suite.main()
