"""Publishers for comparison, on a blocking connection: umqtt.simple and a bare loop."""

import socket
import ssl

from umqtt.simple import MQTTClient

from proto import mqtt

TOPIC = b"data/bench/image"
_PUBACK = b"\x40\x02\x00\x01"


def connected(host, port, ca, name):
    """Return a blocking socket, plain or TLS, after the broker's CONNACK."""
    sock = socket.socket()
    sock.connect(socket.getaddrinfo(host, port)[0][-1])
    sock.setsockopt(6, 1, 1)  # TCP_NODELAY, as in the firmware: else writes may wait for an ACK
    if ca:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.verify_mode = ssl.CERT_NONE
        sock = context.wrap_socket(sock, server_hostname=host)
    _write_all(sock, mqtt.connect(name, 120, True, b"tele/bench/" + name, b"Offline"))
    if sock.read(4) != b"\x20\x02\x00\x00":
        raise OSError("the broker refused")
    return sock


def _write_all(sock, data):
    view = memoryview(data)
    at = 0
    while at < len(view):
        at += sock.write(view[at:])


class Simple:
    """Publishes with umqtt.simple."""

    def __init__(self, sock):
        self._client = MQTTClient("", "")
        self._client.sock = sock

    async def publish(self, frame, count):
        for _ in range(count):
            self._client.publish(TOPIC, frame, True)

    async def arrived(self):
        """Wait until the broker has received everything: it acknowledges a final message."""
        self._client.publish(b"tele/bench/end", b"", False, 1)


class Bare:
    """Sends the same bytes in one piece, with as few writes as possible."""

    def __init__(self, sock, frame):
        self._sock = sock
        codec = mqtt.Codec()
        self._packet = _joined(codec.publish(TOPIC, frame, True))
        self._end = _joined(codec.publish(b"tele/bench/end", b"", False, 1))

    async def publish(self, frame, count):
        for _ in range(count):
            _write_all(self._sock, self._packet)

    async def arrived(self):
        _write_all(self._sock, self._end)
        if self._sock.read(4) != _PUBACK:
            raise OSError("no PUBACK")


def _joined(packet):
    return b"".join([bytes(part) for part in packet])
