"""Runner's end of the link to the interpreter: one response per request.

A request is an 8-byte header (operation, 8-bit and 16-bit argument, 32-bit length) and a body.
Operation 0 calls a function by name with JSON arguments. The other operations are hot paths. Their
response fits the header, or is the raw bytes of a picture or of the flash, so the interpreter
needs no heap for it.
"""

import asyncio
import inspect
import json
import struct

from errors import DeviceError, PowerFailure

HEAD = struct.Struct("<BBHI")
CALL = 0
OK, ERROR, NOTHING = 0, 1, 2


class Link(asyncio.Protocol):
    """Handles the requests of one socket in order."""

    def __init__(self, calls, quick):
        self._calls = calls
        self._quick = quick
        self._received = bytearray()
        self._transport = None
        self._running = None

    def connection_made(self, transport):
        self._transport = transport

    def connection_lost(self, exc):
        if self._running:
            self._running.cancel()

    def data_received(self, data):
        self._received += data
        while len(self._received) >= HEAD.size:
            operation, small, half, length = HEAD.unpack_from(self._received)
            end = HEAD.size + length
            if len(self._received) < end:
                return
            body = bytes(self._received[HEAD.size : end])
            del self._received[:end]
            self._handle(operation, small, half, body)

    def _handle(self, operation, small, half, body):
        try:
            if operation == CALL:
                name, *args = json.loads(body)
                result = self._calls[name](*args)
            else:
                arguments = (small, half, body) if body else (small, half)
                result = self._quick[operation](*arguments)
        except DeviceError as exc:
            self._error(exc)
            return
        except PowerFailure:
            return
        if inspect.isawaitable(result):
            self._running = asyncio.ensure_future(self._send_later(operation, result))
        else:
            self._send(operation, result)

    async def _send_later(self, operation, awaitable):
        try:
            self._send(operation, await awaitable)
        except DeviceError as exc:
            self._error(exc)

    def _error(self, exc):
        body = json.dumps([exc.kind, *exc.arguments]).encode()
        self._write(HEAD.pack(ERROR, 0, 0, len(body)) + body)

    def _send(self, operation, result):
        if operation == CALL:
            body = json.dumps(result).encode()
            self._write(HEAD.pack(OK, 0, 0, len(body)) + body)
        elif result is None:
            self._write(HEAD.pack(NOTHING, 0, 0, 0))
        elif isinstance(result, (bytes, bytearray)):
            self._write(HEAD.pack(OK, 0, 0, len(result)))
            self._write(result)
        else:
            self._write(HEAD.pack(OK, result & 0xFF, 0, 0))

    def _write(self, data):
        if not self._transport.is_closing():
            self._transport.write(data)
