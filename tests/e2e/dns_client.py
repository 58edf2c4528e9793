"""Minimal DNS client that builds its own packets."""

import random
import socket

A, AAAA = 1, 28


def query(name, kind=A, number=None):
    """Return a query packet; `number` is its ID, random by default (RFC 1035 section 4.1)."""
    number = random.randrange(65_536) if number is None else number
    labels = b"".join(bytes((len(part),)) + part.encode() for part in name.split("."))
    head = number.to_bytes(2, "big") + b"\x01\0\0\1\0\0\0\0\0\0"
    return head + labels + b"\0" + kind.to_bytes(2, "big") + b"\0\1"


def resolve(port, name, kind=A, tries=3):
    """Return (response code, [address, ...]) for a name, or (None, []) after `tries` timeouts."""
    packet = query(name, kind)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(1)
        sock.connect(("127.0.0.1", port))
        for _ in range(tries):
            sock.send(packet)
            try:
                reply = sock.recv(600)
            except (TimeoutError, ConnectionRefusedError):
                continue
            assert reply[:2] == packet[:2] and reply[2] & 0x80
            if reply[5]:
                assert reply[12 : len(packet)] == packet[12:]
                return reply[3] & 15, _addresses(reply, len(packet))
            assert len(reply) == 12 and not reply[7]
            return reply[3] & 15, []
    return None, []


def _addresses(reply, at):
    found = []
    for _ in range(reply[7]):
        assert reply[at : at + 6] == b"\xc0\x0c\0\1\0\1" and reply[at + 10 : at + 12] == b"\0\4"
        assert int.from_bytes(reply[at + 6 : at + 10], "big") <= 60  # a short TTL
        found.append(socket.inet_ntoa(reply[at + 12 : at + 16]))
        at += 16
    assert at == len(reply)
    return found
