"""MQTT 3.1.1 packets (OASIS standard of 2014); umqtt makes them, the socket is elsewhere.

umqtt touches the world only through `self.sock`. `_Wire` stands there: what umqtt writes is
collected, what it reads is the acknowledgement that the session will wait for itself.
"""

import struct

from micropython import const
from umqtt.robust import MQTTClient

CONNACK = const(0x20)
PUBLISH = const(0x30)
PUBACK = const(0x40)
SUBACK = const(0x90)
UNSUBACK = const(0xB0)
PINGRESP = const(0xD0)

DISCONNECT = b"\xe0\x00"

_HEAD = const(512)  # fixed header, topic, packet id, and payloads that fit
_SMALL = const(256)
_FIXED = const(5)  # bytes of the longest fixed header
_MOST_ID = const(65_535)


class ProtocolError(OSError):
    """The broker sent what MQTT 3.1.1 forbids; the link has to be closed (section 4.8)."""


class _Wire:
    def __init__(self):
        self._head = bytearray(_HEAD)
        self._view = memoryview(self._head)
        self._kept = bytearray(_HEAD)
        self._kept_view = memoryview(self._kept)
        self._tail = 0
        self.clear(b"")

    def clear(self, inbox):
        self._n = 0
        self._inbox = inbox
        self._read = 0
        self.body = None

    def write(self, data, n=None):
        """Copy what is small (umqtt reuses its buffers), keep what is large by reference."""
        size = len(data)
        if n is None:
            n = size
        start = self._n
        end = start + n
        if end <= _HEAD and self.body is None:
            self._view[start:end] = data if n == size else data[:n]
            self._n = end
        elif self.body is None and n == size:
            self.body = data
        else:
            raise ValueError("topic too long")

    def read(self, n):
        start = self._read
        self._read += n
        return self._inbox[start : start + n]

    def setblocking(self, flag):
        pass

    def parts(self):
        """What was written, as one part or two."""
        head = self._view[: self._n]
        return (head,) if self.body is None else (head, self.body)

    def keep_tail(self):
        """Keep what stands behind the fixed header, where `framed` wants it."""
        start = 3 if self._head[1] & 0x80 else 2
        size = self._n - start
        self._kept[_FIXED : _FIXED + size] = self._head[start : self._n]
        self._tail = size

    def framed(self, first, body):
        """A packet of the kept tail and a body: its fixed header (section 2.2) ends there."""
        kept = self._kept
        size = self._tail + len(body)
        at = 3 if size < 128 else 2 if size < 16_384 else 1 if size < 2_097_152 else 0
        start = at
        kept[at] = first
        while size > 127:
            at += 1
            kept[at] = size & 127 | 128
            size >>= 7
        kept[at + 1] = size
        return self._kept_view[start : _FIXED + self._tail], body


class Codec:
    """Makes packets: tuples of bytes-like parts, valid until the next call.

    A large payload is a part of its own, the one that was passed in.
    """

    def __init__(self):
        self._wire = _Wire()
        self._client = MQTTClient("", "")
        self._client.sock = self._wire
        self._client.set_callback(self._ignore)
        self._topic = None  # whose tail the wire keeps

    def _ignore(self, topic, payload):
        pass

    def publish(self, topic, payload, retain=False, packet_id=0, dup=False):
        """PUBLISH at QoS 1 with a packet id, at QoS 0 without. `topic` is bytes."""
        if not packet_id and len(payload) > _SMALL:
            return self._picture(topic, payload, retain)
        if packet_id:
            self._prepare(PUBACK, b"\x02", packet_id, b"")
        else:
            self._wire.clear(b"")
        self._client.publish(topic, payload, retain, 1 if packet_id else 0)
        parts = self._wire.parts()
        if dup:
            parts[0][0] |= 8
        return parts

    def _picture(self, topic, payload, retain):
        """A large message: what umqtt has made for its topic, with this payload's length.

        Making it all anew took 5 of 26 microseconds for 50 KB on a PC.
        """
        if topic is not self._topic:
            self._wire.clear(b"")
            self._client.publish(topic, b"", False)
            self._wire.keep_tail()
            self._topic = topic
        return self._wire.framed(PUBLISH | (1 if retain else 0), payload)

    def subscribe(self, topic, packet_id, qos=1):
        """SUBSCRIBE to one topic filter (bytes, at most 122: umqtt 1.3.4's limit)."""
        if len(topic) > 122:
            raise ValueError("topic too long")
        self._prepare(SUBACK, b"\x03", packet_id, b"\x00")
        self._client.subscribe(topic, qos)
        return self._wire.parts()

    def ping(self):
        self._wire.clear(b"")
        self._client.ping()
        return self._wire.parts()

    def _prepare(self, kind, length, packet_id, tail):
        self._client.pid = packet_id - 1
        self._wire.clear(bytes((kind,)) + length + struct.pack("!H", packet_id) + tail)


def next_id(last, in_use):
    """The packet id after `last` (1..65535, section 2.3.1) that is not `in_use`."""
    while True:
        last = last % _MOST_ID + 1
        if last not in in_use:
            return last


def puback(packet_id):
    return struct.pack("!BBH", PUBACK, 2, packet_id)
