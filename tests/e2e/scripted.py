"""MQTT broker that follows a test's script, valid or not; each connection has a thread."""

import contextlib
import socket
import struct
import threading
import time

CONNECT, PUBLISH, PUBACK, SUBSCRIBE, PINGREQ, DISCONNECT = 1, 3, 4, 8, 12, 14


def connack(code=0):
    return bytes((0x20, 2, 0, code))


def publish(topic, payload=b"", qos=0, packet_id=0, dup=False, retain=False):
    """Return a PUBLISH packet as bytes (MQTT 3.1.1 section 3.3)."""
    name = topic.encode()
    body = struct.pack("!H", len(name)) + name
    body += struct.pack("!H", packet_id) if qos else b""
    body += payload
    return bytes((0x30 | dup << 3 | qos << 1 | retain,)) + length(len(body)) + body


def length(number):
    """Return the remaining length, encoded (MQTT 3.1.1 section 2.2.3)."""
    out = bytearray()
    while True:
        number, low = number >> 7, number & 127
        out.append(low | (128 if number else 0))
        if not number:
            return bytes(out)


def subscribed(peer, part=b"OTA/"):
    """Serve until the camera subscribes to a topic that contains `part`; return the topic."""
    body = peer.serve(lambda got: got[0] == SUBSCRIBE and part in got[2])[2]
    return body[4 : 4 + int.from_bytes(body[2:4], "big")].decode()


class Peer:
    """Broker side of one connection."""

    def __init__(self, sock, number):
        self.sock = sock
        self.number = number  # 0 for the first connection
        self.packets = []  # (type, flags, body) received so far
        self._file = sock.makefile("rb")

    def send(self, data):
        self.sock.sendall(data)

    def packet(self):
        """Return the next packet as (type, flags, body), or None at the end of the connection."""
        try:
            first = self._file.read(1)
            if not first:
                return None
            size = shift = 0
            while True:
                byte = self._file.read(1)[0]
                size |= (byte & 127) << shift
                shift += 7
                if not byte & 128:
                    break
            got = (first[0] >> 4, first[0] & 15, self._file.read(size))
        except (OSError, IndexError):
            return None
        self.packets.append(got)
        return got

    def read(self, size):
        """Return the next `size` bytes, whatever they are."""
        return self._file.read(size)

    def login(self, code=0):
        """Read the CONNECT and respond with a CONNACK."""
        got = self.packet()
        if got:
            self.send(connack(code))
        return got

    def serve(self, until=lambda packet: False, refuse=lambda packet: False):
        """Serve correctly until `until(packet)` is true; return that packet, None at the end.

        A packet for which `refuse(packet)` is true is not answered, and ends it.
        """
        while got := self.packet():
            if refuse(got):
                return None
            kind, flags, body = got
            if kind == SUBSCRIBE:
                self.send(b"\x90\x03" + body[:2] + b"\x01")
            elif kind == PINGREQ:
                self.send(b"\xd0\x00")
            elif kind == PUBLISH and flags & 6:
                at = 2 + struct.unpack_from("!H", body)[0]
                self.send(b"\x40\x02" + body[at : at + 2])
            if until(got):
                return got
        return None

    def up(self):
        """Accept the login and serve until the camera has subscribed and published its state."""
        self.login()
        return self.serve(lambda got: got[0] == PUBLISH and b"/timer" in got[2][:80])


class ScriptedBroker:
    """Calls `script(peer)` for each connection, then closes it; a context manager."""

    def __init__(self, script, receive_buffer=None):
        self.script = script
        self.connects = []  # time.monotonic() of each connection
        self.peers = []
        self._server = socket.socket()
        if receive_buffer:
            self._server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._server.bind(("127.0.0.1", 0))
        self._server.listen()
        self.port = self._server.getsockname()[1]
        self.uri = f"mqtt://127.0.0.1:{self.port}"

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for peer in self.peers:
            with contextlib.suppress(OSError):
                peer.sock.shutdown(socket.SHUT_RDWR)

    def _accept(self):
        with contextlib.suppress(OSError):  # closed by __exit__
            while True:
                sock, _ = self._server.accept()
                peer = Peer(sock, len(self.connects))
                self.connects.append(time.monotonic())
                self.peers.append(peer)
                threading.Thread(target=self._run, args=(peer,), daemon=True).start()

    def _run(self, peer):
        with contextlib.suppress(OSError):
            self.script(peer)
        with contextlib.suppress(OSError):
            peer.sock.shutdown(socket.SHUT_RDWR)
        peer.sock.close()
