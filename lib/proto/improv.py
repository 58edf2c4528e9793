"""Packets of Improv Wi-Fi for a serial line, version 1 (https://www.improv-wifi.com/serial).

A packet is the header with the version, a type, the length of the data, the data and a checksum:
the sum of all bytes before it.
"""

from micropython import const

HEADER = b"IMPROV\x01"
STATE, ERROR, RPC, RESULT = const(1), const(2), const(3), const(4)  # types
READY, PROVISIONING, PROVISIONED = const(2), const(3), const(4)  # states
NO_ERROR, INVALID, UNKNOWN, NOT_CONNECTED, FAILED = const(0), const(1), const(2), const(3), 255

_TYPE_AT, _LENGTH_AT, _DATA_AT = const(7), const(8), const(9)
_LF = const(10)


def packet(kind, data):
    """Return a packet; `data` has at most 255 bytes."""
    body = HEADER + bytes((kind, len(data))) + data
    return body + bytes((sum(body) & 0xFF,))


def result(command, texts):
    """Return the packet with the result of a command: texts of at most 253 bytes in all."""
    data = b""
    for text in texts:
        text = text.encode()
        data += bytes((len(text),)) + text
    return packet(RESULT, bytes((command, len(data))) + data)


def strings(data):
    """Return the strings that `data` consists of, each after its length; raises ValueError."""
    found = []
    while data:
        end = 1 + data[0]
        if end > len(data):
            raise ValueError("string cut off")
        found.append(data[1:end].decode())  # a UnicodeError is a ValueError
        data = data[end:]
    return found


class Splitter:
    """Separates packets from the keys that are typed on the same line.

    After each call, `packet` is (type, data) of a packet that has ended, or else None; the data of
    a damaged packet is None. `pending` is true while the next byte may belong to a packet.
    """

    def __init__(self):
        self._held = bytearray()  # the packet so far, or what may be the beginning of one
        self._after = False  # directly after a packet
        self.packet = None

    @property
    def pending(self):
        return bool(self._held)

    def feed(self, byte):
        """Process a byte; return the keys, as bytes, that turn out to be no part of a packet."""
        self.packet = None
        after, self._after = self._after, False
        if after and byte == _LF:  # clients send it, although the protocol has no line ends
            return b""
        held = self._held
        held.append(byte)
        size = len(held)
        if size <= len(HEADER) and byte != HEADER[size - 1]:
            self._held = bytearray()
            return bytes(held) if size == 1 else bytes(held[:-1]) + self.feed(byte)
        if size > _DATA_AT and size == _DATA_AT + held[_LENGTH_AT] + 1:
            self._end(sum(held[:-1]) & 0xFF == byte)
        return b""

    def stop(self):
        """End the wait for more bytes: return the keys held back, or end a packet as damaged."""
        self.packet = None
        held = self._held
        if len(held) >= len(HEADER):
            self._end(False)
            return b""
        self._held = bytearray()
        return bytes(held)

    def _end(self, is_whole):
        held, self._held = self._held, bytearray()
        kind = held[_TYPE_AT] if len(held) > _TYPE_AT else RPC
        self.packet = kind, bytes(held[_DATA_AT:-1]) if is_whole else None
        self._after = is_whole
