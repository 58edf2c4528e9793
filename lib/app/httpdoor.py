"""HTTP requests as far as microdot: head read under a deadline, checked, then dispatched.

microdot reads lines without a deadline and prints a traceback for a malformed request; here it
only ever sees a whole head that RFC 9112 allows.
"""

import asyncio
from errno import ETIMEDOUT

from micropython import const

from proto.http import MOST_HEAD, REASONS, SECURITY, BadRequest, check_head

_HEAD_MS = const(10_000)
_MOST_BODY = const(16_384)
_MOST_IMAGE = const(2_097_152)  # what /update may send: more than any slot takes


class HTTPDoor:
    """Serves one connection: `await serve(stream)`."""

    def __init__(self, app, head_ms=_HEAD_MS):
        self._app = app
        self._head_ms = head_ms
        self.requests = self.refused = 0

    async def serve(self, stream):
        try:
            head, rest = await asyncio.wait_for_ms(_read_head(stream), self._head_ms)
            _, target, length = check_head(head)
            most = _MOST_IMAGE if target == b"/update" else _MOST_BODY
            if length > most:
                raise BadRequest(413, "at most {} bytes".format(most))
        except asyncio.TimeoutError:
            await self._answer(stream, 408, "the request took too long")
        except BadRequest as e:
            await self._answer(stream, e.status, str(e))
        else:
            self.requests += 1
            stream.idle = False
            await self._app.handle_request(_Replay(head + rest, stream, self._head_ms), stream)

    async def busy(self, stream):
        """More connections than the chip has sockets for."""
        await self._answer(
            stream, 503, "the camera has no connection left; close one of its pages, then reload"
        )

    async def _answer(self, stream, status, why):
        self.refused += 1
        body = "{} {}: {}\n".format(status, REASONS[status], why)
        await stream.send(
            "HTTP/1.0 {} {}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n"
            "Connection: close\r\n{}{}\r\n{}".format(
                status,
                REASONS[status],
                len(body),
                SECURITY,
                "Retry-After: 5\r\n" if status == 503 else "",
                body,
            ).encode()
        )


async def _read_head(stream):
    """(head, what came behind it), as bytes; BadRequest when it is too long or cut off."""
    buffer = bytearray(MOST_HEAD)
    view = memoryview(buffer)
    filled = 0
    while True:
        got = await stream.recv_into(view[filled:])
        if not got:
            raise BadRequest(400, "cut off") if filled else OSError("closed")
        start = max(0, filled - 3)
        filled += got
        at = bytes(view[start:filled]).find(b"\r\n\r\n")
        if at >= 0:
            end = start + at + 4
            return bytes(view[:end]), bytes(view[end:filled])
        if filled == len(buffer):
            raise BadRequest(431, "the head is too long")


class _Replay:
    """What microdot reads from: the head again, then the rest of the body, within `ms`."""

    def __init__(self, data, stream, ms):
        self._data = data
        self._at = 0
        self._stream = stream
        self._ms = ms

    async def readline(self):
        end = self._data.find(b"\n", self._at) + 1
        line = self._data[self._at : end or len(self._data)]
        self._at += len(line)
        return line

    async def readexactly(self, n):
        try:
            return await asyncio.wait_for_ms(self._exactly(n), self._ms)
        except asyncio.TimeoutError:
            raise OSError(ETIMEDOUT) from None

    async def _exactly(self, n):
        body = bytearray(n)
        view = memoryview(body)
        filled = 0
        while filled < n:
            filled += await self._some(view[filled:])
        return bytes(body)

    async def readinto(self, view):
        """Fill the start of `view` with what has come: the number of bytes, at least 1."""
        try:
            return await asyncio.wait_for_ms(self._some(view), self._ms)
        except asyncio.TimeoutError:
            raise OSError(ETIMEDOUT) from None

    async def _some(self, view):
        got = min(len(view), len(self._data) - self._at)
        if got:
            view[:got] = self._data[self._at : self._at + got]
            self._at += got
        else:
            got = await self._stream.recv_into(view)
            if not got:
                raise OSError("cut off")
        return got

    async def read(self, n):
        return await self.readexactly(n)
