"""CONNECT, CONNACK and UNSUBSCRIBE (MQTT 3.1.1), which no link needs often; borrow it."""

import struct

from micropython import const

_MOST_ID = const(65_535)

REFUSED = {
    1: "protocol version",
    2: "client id",
    3: "server unavailable",
    4: "bad user name or password",
    5: "not authorised",
}


class Refused(OSError):
    """The broker refused the connection; `code` of section 3.2.2.3."""

    def __init__(self, code):
        super().__init__("refused: {}".format(REFUSED.get(code, "code {}".format(code))))
        self.code = code


def connect(client_id, keepalive_s, clean, will_topic, will, user="", password=""):
    """The CONNECT packet (section 3.1): will retained at QoS 1, login only with a user."""
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


def _length(n):
    out = bytearray()
    while True:
        n, low = n >> 7, n & 0x7F
        out.append(low | (0x80 if n else 0))
        if not n:
            return bytes(out)


def unsubscribe(topic):
    """UNSUBSCRIBE from one topic filter (section 3.10): umqtt 1.3.4 has none."""
    head = struct.pack("!HH", _MOST_ID, len(topic))
    return b"\xa2" + _length(len(head) + len(topic)) + head + topic


def check_connack(body):
    """Session-present flag of a CONNACK's two bytes; raises Refused."""
    if body[1]:
        raise Refused(body[1])
    return body[0] & 1
