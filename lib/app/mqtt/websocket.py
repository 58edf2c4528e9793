"""MQTT over WebSocket: what the session sees is a stream of bytes, as over TCP."""

import asyncio
import os

from micropython import const

from aio.reader import Reader
from config import limits
from proto import websocket as ws

_PIECE = const(1_024)  # is masked at once; the frames of a packet are of no importance (section 6)
_CLOSE_CODE = b"\x03\xe8"  # 1000, normal


class WebSocket:
    """Takes the place of a `Stream` that is connected: frames around what is written and read."""

    def __init__(self, stream):
        self._stream = stream
        self._reader = Reader(stream, bytearray(limits.WEBSOCKET_HEAD_BYTES), stream.stall_ms)
        self._heads = ws.Heads()
        self._left = 0  # of the current frame
        self._parts = ()
        self._frame = memoryview(bytearray(ws.HEAD_BYTES + _PIECE))
        self._free = asyncio.Event()  # no frame is being written
        self._free.set()

    @property
    def waits(self):
        return self._stream.waits

    async def open(self, host, port, path):
        """Do the opening handshake; raises OSError."""
        request, key = ws.request(host, port, path, os.urandom(16))
        await self._stream.send(request)
        head = bytearray()
        while not head.endswith(b"\r\n\r\n"):
            if len(head) >= limits.WEBSOCKET_HEAD_BYTES:
                raise ws.WebSocketError("the answer of the web server is too long: check mqttport")
            head.append(await self._reader.read_byte())
        ws.check_response(bytes(head[:-4]), key)

    def put(self, parts):
        """Keep what `flush` sends; always return False."""
        self._parts = parts
        return False

    async def flush(self):
        """Send what was `put`, masked piece by piece: no packet is copied as a whole."""
        parts, self._parts = self._parts, ()
        for number in range(len(parts)):
            data = memoryview(parts[number])
            for at in range(0, len(data), _PIECE):
                await self._send(ws.BINARY, data[at : at + _PIECE])

    async def send(self, *parts):
        """Write all of `parts`, in order."""
        self.put(parts)
        await self.flush()

    async def _send(self, opcode, data):
        """Send one frame, once no other is being written."""
        while not self._free.is_set():
            await self._free.wait()
        self._free.clear()
        try:
            end = ws.put_frame(self._frame, opcode, data, os.urandom(4))
            await self._stream.send(self._frame[:end])
        finally:
            self._free.set()

    async def recv_into(self, view, stall_ms=0):
        """Fill the start of `view`; return the number of bytes. The end is an error."""
        self._reader.stall_ms = stall_ms or self._stream.stall_ms
        while not self._left:
            await self._next_frame()
        part = await self._reader.read_some(min(self._left, len(view)))
        view[: len(part)] = part
        self._left -= len(part)
        return len(part)

    async def _next_frame(self):
        """Read the head of a frame; answer a ping, end with a close frame."""
        first, second = await self._reader.read_exactly(2)
        more = self._heads.more(first, second)
        extended = bytes(await self._reader.read_exactly(more)) if more else b""
        opcode, length = self._heads.read(first, second, extended)
        if opcode < ws.CLOSE:
            self._left = length
            return
        payload = bytes(await self._reader.read_exactly(length)) if length else b""
        if opcode == ws.PING:
            await self._send(ws.PONG, payload)
        elif opcode == ws.CLOSE:
            await self._send(ws.CLOSE, payload[:2] or _CLOSE_CODE)
            raise ws.WebSocketError(ws.close_reason(payload))

    def abort(self):
        self._stream.abort()

    def close(self):
        self._stream.close()
