"""MQTT 3.1.1 packets (OASIS standard of 2014), without I/O.

umqtt encodes PUBLISH, SUBSCRIBE and PINGREQ. All its I/O goes through `self.sock`, which is a
`_Buffer` here: it collects what umqtt writes, and what umqtt reads is the acknowledgement that the
session waits for itself. Only the names are used that all versions from 1.3.4 (the package index)
to 1.8 (current firmware) share: sock, pid, publish, subscribe, ping, set_callback.
"""

import struct

from micropython import const
from umqtt.robust import MQTTClient

PUBLISH = const(0x30)
PUBACK = const(0x40)
SUBACK = const(0x90)
UNSUBACK = const(0xB0)
PINGRESP = const(0xD0)

_HEAD = const(512)  # fixed header, topic, packet id, and payloads that fit
_SMALL = const(256)
_FIXED = const(5)  # bytes of the longest fixed header (section 2.2)
_FILTER_BYTES = const(122)  # of a subscription, up to umqtt 1.6
_LAST_ID = const(65_535)


class ProtocolError(OSError):
    """The broker sent what MQTT 3.1.1 forbids; the link has to be closed (section 4.8)."""

    def __init__(self, what):
        super().__init__("the broker violates MQTT 3.1.1: " + what)


class Refused(OSError):
    """The broker refused the connection with the return `code` of a CONNACK."""

    def __init__(self, code):
        super().__init__("refused: code {}".format(code))
        self.return_code = code
        self.is_login = code in (4, 5)


class _Buffer:
    """A socket for umqtt: keeps small writes by value, the large payload by reference."""

    def __init__(self):
        self._head = memoryview(bytearray(_HEAD))
        self.clear(b"")

    def clear(self, answer):
        """Start a packet; `answer` is what umqtt reads after it."""
        self._used = self._read = 0
        self._answer = answer
        self._payload = None

    def write(self, data, size=None):
        whole = size is None or size == len(data)
        size = len(data) if whole else size
        end = self._used + size
        if self._payload is None and end <= _HEAD:
            self._head[self._used : end] = data if whole else data[:size]
            self._used = end
        elif self._payload is None and whole:
            self._payload = data
        else:
            raise ValueError("topic too long")

    def read(self, size):
        start = self._read
        self._read += size
        return self._answer[start : self._read]

    def setblocking(self, flag):
        pass

    def parts(self):
        """Return the packet in one part or two."""
        head = self._head[: self._used]
        return (head,) if self._payload is None else (head, self._payload)


class _Client(MQTTClient):
    """umqtt's client, which connects to nothing."""

    def reconnect(self):
        """Raise, because umqtt.robust connects after a failure, in a loop that blocks."""
        raise RuntimeError("umqtt has no connection")


class Pieces:
    """A payload of `size` bytes that is never in memory as a whole.

    `piece(0)` to `piece(count - 1)` return its parts (bytes), each made when it is sent.
    """

    def __init__(self, size, count, piece):
        self.size = size
        self.count = count
        self.piece = piece

    def __len__(self):
        return self.size


class _Packet:
    """The parts of a packet: its header, then the pieces of its payload."""

    def __init__(self, header, payload):
        self._header = header
        self._payload = payload
        self._last = None  # (number, part): a write that continues reads its part again

    def __len__(self):
        return 1 + self._payload.count

    def __getitem__(self, number):
        if not number:
            return self._header
        if not self._last or self._last[0] != number:
            self._last = number, self._payload.piece(number - 1)
        return self._last[1]


class Codec:
    """Makes packets: tuples of bytes-like parts, valid until the next call.

    A large payload is a part of its own, the object that was passed in.
    """

    def __init__(self):
        self._buffer = _Buffer()
        self._client = _Client("", "")
        self._client.sock = self._buffer
        self._client.set_callback(lambda topic, payload: None)
        self._large = self._large_topic = None

    def publish(self, topic, payload, retain=False, packet_id=0, dup=False):
        """Return PUBLISH, at QoS 1 with a packet id, at QoS 0 without.

        topic: bytes. payload: bytes-like, or Pieces at QoS 0.
        """
        if isinstance(payload, Pieces):
            return self._publish_pieces(topic, payload, retain)
        if packet_id:
            self._prepare(PUBACK, b"\x02", packet_id, b"")
        elif len(payload) > _SMALL:
            return self._publish_large(topic, payload, retain)
        else:
            self._buffer.clear(b"")
        self._client.publish(topic, payload, retain, 1 if packet_id else 0)
        parts = self._buffer.parts()
        if dup:
            parts[0][0] |= 8
        return parts

    def _publish_pieces(self, topic, payload, retain):
        kind = bytes((PUBLISH | (1 if retain else 0),))
        length = _length(2 + len(topic) + payload.size)
        return _Packet(kind + length + struct.pack("!H", len(topic)) + topic, payload)

    def _publish_large(self, topic, payload, retain):
        """Return PUBLISH at QoS 0; only the fixed header differs from the topic's last packet.

        Encoding each packet with umqtt took 3 of the 30 microseconds that 50 KB take on a PC.
        """
        if topic is not self._large_topic:
            self._buffer.clear(b"")
            self._client.publish(topic, b"", False)
            header = self._buffer.parts()[0]
            header = header[3 if header[1] & 0x80 else 2 :]
            self._large = memoryview(bytearray(_FIXED) + header)
            self._large_topic = topic
        large = self._large
        size = len(large) - _FIXED + len(payload)
        start = at = 2 if size < 16_384 else 1 if size < 2_097_152 else 0
        large[at] = PUBLISH | (1 if retain else 0)
        while size > 127:
            at += 1
            large[at] = size & 127 | 128
            size >>= 7
        large[at + 1] = size
        return large[start:], payload

    def subscribe(self, topic, packet_id, qos=1):
        """Return SUBSCRIBE for one topic filter (bytes, at most 122)."""
        if len(topic) > _FILTER_BYTES:
            raise ValueError("topic too long")
        self._prepare(SUBACK, b"\x03", packet_id, b"\x00")
        self._client.subscribe(topic, qos)
        return self._buffer.parts()

    def ping(self):
        """Return PINGREQ."""
        self._buffer.clear(b"")
        self._client.ping()
        return self._buffer.parts()

    def unsubscribe(self, topic):
        """Return UNSUBSCRIBE from one topic filter (section 3.10), which umqtt 1.3.4 lacks."""
        head = struct.pack("!HH", _LAST_ID, len(topic))
        return (b"\xa2" + _length(len(head) + len(topic)) + head + topic,)

    def puback(self, packet_id):
        """Return PUBACK."""
        return (struct.pack("!BBH", PUBACK, 2, packet_id),)

    def disconnect(self):
        """Return DISCONNECT."""
        return (b"\xe0\x00",)

    def _prepare(self, kind, length, packet_id, code):
        """Let umqtt use `packet_id` next, and read its acknowledgement."""
        self._client.pid = packet_id - 1
        self._buffer.clear(bytes((kind,)) + length + struct.pack("!H", packet_id) + code)


def connect(client_id, keepalive_s, clean, will_topic, will, user="", password=""):
    """Return CONNECT (section 3.1): will retained at QoS 1, login only with a user."""
    flags = 0x24 | 0x08 | (2 if clean else 0)
    fields = [client_id, will_topic, will]
    if user:
        flags |= 0xC0
        fields += [user, password]
    body = b"\x00\x04MQTT\x04" + struct.pack("!BH", flags, keepalive_s)
    for field in fields:
        field = field.encode() if isinstance(field, str) else field
        body += struct.pack("!H", len(field)) + field
    return b"\x10" + _length(len(body)) + body


def check_connack(packet, clean):
    """Return True if the broker has kept the session; raise ProtocolError or Refused.

    `packet` are the first four bytes from the broker (section 3.2), `clean` is what CONNECT said.
    """
    if packet[:2] != b"\x20\x02":
        raise ProtocolError("no CONNACK")
    flags, code = packet[2], packet[3]
    if flags > 1 or (flags and (clean or code)):
        raise ProtocolError("CONNACK with flags {:02x} and code {}".format(flags, code))
    if code:
        raise Refused(code)
    return bool(flags)


def next_id(last, in_use):
    """Return the packet id after `last` (1..65535, section 2.3.1) that is not `in_use`."""
    while True:
        last = last % _LAST_ID + 1
        if last not in in_use:
            return last


def _length(size):
    """Return a remaining length (section 2.2.3)."""
    encoded = bytearray()
    while size > 127:
        encoded.append(size & 127 | 128)
        size >>= 7
    encoded.append(size)
    return bytes(encoded)
