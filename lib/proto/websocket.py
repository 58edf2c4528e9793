"""WebSocket (RFC 6455), the client's side, without I/O: handshake, heads of frames, masking."""

import struct
from binascii import b2a_base64
from hashlib import sha1

from micropython import const

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10  # opcodes, section 5.2
HEAD_BYTES = const(8)  # of our frames: at most 65,535 bytes follow
CONTROL_BYTES = const(125)  # payload of a control frame (section 5.5)
_FIN, _RESERVED, _MASKED = const(0x80), const(0x70), const(0x80)
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # section 1.3
_REQUEST = (
    "GET {} HTTP/1.1\r\nHost: {}:{}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: {}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"
)
_REASONS = {  # section 7.4.1
    1000: "normal",
    1001: "the broker goes away",
    1002: "protocol error",
    1003: "no binary data allowed",
    1008: "policy violation",
    1009: "message too big",
    1011: "internal error of the broker",
}


class WebSocketError(OSError):
    """The server does not speak WebSocket, or violates RFC 6455; the text is for people."""


def request(host, port, path, nonce):
    """Return (request, the key in it) as bytes; `nonce` are 16 random bytes."""
    key = b2a_base64(nonce).strip()
    return _REQUEST.format(path, host, port, key.decode()).encode(), key


def check_response(head, key):
    """Raise WebSocketError unless `head` (bytes, up to the empty line) accepts the request."""
    status, *lines = head.split(b"\r\n")
    words = status.split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.1") or words[1] != b"101":
        text = "no WebSocket at this address: the server answers {}; check port and path"
        raise WebSocketError(text.format(_printable(b" ".join(words[1:])) or "something else"))
    fields = {}
    for line in lines:
        name, _, value = line.partition(b":")
        fields[name.strip().lower()] = value.strip()
    accepted = b2a_base64(sha1(key + _GUID).digest()).strip()
    upgrade = fields.get(b"upgrade", b"").lower()
    if upgrade != b"websocket" or fields.get(b"sec-websocket-accept") != accepted:
        raise WebSocketError("the server does not switch to WebSocket: check mqttport")
    if fields.get(b"sec-websocket-protocol") not in (b"mqtt", None):
        raise WebSocketError("the server offers another protocol than MQTT over WebSocket")


def put_frame(buffer, opcode, data, mask):
    """Write a final frame with `data` into `buffer`; return the number of bytes.

    buffer: HEAD_BYTES longer than the data, which has at most 65,535 bytes. mask: 4 random bytes
    (section 5.3). The data are one number: XOR byte by byte takes four times as long on a PC.
    """
    size = len(data)
    at = 4 if size > CONTROL_BYTES else 2
    buffer[0] = _FIN | opcode
    buffer[1] = _MASKED | (126 if at == 4 else size)
    if at == 4:
        struct.pack_into("!H", buffer, 2, size)
    buffer[at : at + 4] = mask
    at += 4
    pattern = int.from_bytes((mask * (size // 4 + 1))[:size], "little")
    masked = int.from_bytes(data, "little") ^ pattern
    buffer[at : at + size] = masked.to_bytes(size, "little")
    return at + size


class Heads:
    """Checks the heads of the server's frames (sections 5.2, 5.4 and 5.5)."""

    def __init__(self):
        self._in_message = False  # a fragmented message has begun

    def more(self, first, second):
        """Return the number of bytes of the length that follow the first two bytes."""
        if first & _RESERVED or second & _MASKED:
            raise WebSocketError("the broker violates RFC 6455: reserved bits, or a mask")
        return {126: 2, 127: 8}.get(second, 0)

    def read(self, first, second, extended):
        """Return (opcode, length) of a frame; its data are part of one stream of bytes."""
        opcode, final = first & 15, first & _FIN
        length = int.from_bytes(extended, "big") if len(extended) else second
        if opcode >= CLOSE:
            if not final or length > CONTROL_BYTES or opcode > PONG:
                raise WebSocketError("the broker violates RFC 6455: a bad control frame")
            return opcode, length
        if length >> 63:
            raise WebSocketError("the broker violates RFC 6455: a bad length")
        if opcode not in (CONTINUATION, BINARY) or self._in_message != (opcode == CONTINUATION):
            raise WebSocketError("the broker violates MQTT over WebSocket: no binary data")
        self._in_message = not final
        return opcode, length


def close_reason(payload):
    """Return the text of a close frame's payload (section 5.5.1)."""
    if len(payload) < 2:
        return "closed by the broker"
    code = payload[0] << 8 | payload[1]
    text = _printable(payload[2:]) or _REASONS.get(code, "no reason given")
    return "closed by the broker: {} ({})".format(text, code)


def _printable(data):
    return "".join(chr(byte) for byte in bytes(data[:60]) if 32 <= byte < 127)
