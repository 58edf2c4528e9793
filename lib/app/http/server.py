"""HTTP server: one request per connection, whose head is read under a deadline and checked."""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from config import limits
from proto.http import HTTPError, parse_head

_POLL_MS = const(15_000)
_FIRST = const(768)  # bytes: most heads fit
_PIECE = const(1_440)  # bytes that fit into a segment of TCP
_REASON = b"503 Service Unavailable: the camera is short of memory; try again\n"
_SHORT = (  # complete, because there is no memory left to make it
    b"HTTP/1.0 503 Service Unavailable\r\nContent-Type: text/plain\r\nRetry-After: 5\r\n"
    b"X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nContent-Length: ",
    str(len(_REASON)).encode(),
    b"\r\n\r\n",
    _REASON,
)


class HTTPServer:
    """Serves one connection: `await serve(stream)`. `run` ends old sessions.

    The application answers a request that `access` admits; nothing is done for it before.
    """

    def __init__(
        self,
        access,
        headers,
        images,
        settings,
        commands,
        wifi,
        status,
        updater,
        publisher,
        log,
        device_id,
        memory,
    ):
        self._access = access
        self._headers = headers
        self._log = log
        self._memory = memory
        self._app = None
        self._collaborators = (
            access, headers, images, settings, commands, wifi, status, updater, publisher, log,
            device_id,
        )  # fmt: skip

    async def run(self):
        while True:
            await asyncio.sleep_ms(_POLL_MS)
            self._access.forget_old()

    async def serve(self, stream):
        """Read a request, answer it, and discard what is left of its body."""
        try:
            request = await self._receive(stream)
        except asyncio.TimeoutError:
            await self._refuse(stream, 408, "the request took too long")
        except HTTPError as e:
            await self._refuse(stream, e.status, str(e))
            await _discard(stream)
        except MemoryError:
            await self._refuse_short(stream)
        else:
            try:
                await self._answer(request)
            except MemoryError:  # even for the page that says so
                if not request.answered:
                    await self._refuse_short(stream)
            stream.drop_input()  # a second request, which the client repeats

    async def busy(self, stream):
        """Refuse a connection, because no socket is free."""
        await self._refuse(
            stream, 503, "the camera has no connection left; close one of its pages, then reload"
        )

    async def _refuse_short(self, stream):
        """Refuse a request for lack of memory."""
        self._headers.count(503)
        if not stream.put(_SHORT):
            await stream.flush()

    async def _refuse(self, stream, status, reason):
        self._log.debug("web", "refused with {}: {}", status, reason)
        await stream.send(self._headers.plain(status, reason))

    async def _receive(self, stream):
        data, rest = await asyncio.wait_for_ms(_read_head(stream), limits.HTTP_HEAD_MS)
        head = parse_head(data)
        return self._application().request(head, rest, stream, limits.HTTP_BODY_MS)

    def _application(self):
        if not self._app:
            if self._memory.measure() < limits.HTTP_PAGES_BYTES:
                raise MemoryError
            # lazy import: microdot and the pages take 30 KB of heap, and time that would delay
            # the first picture
            from app.http.application import Application

            self._app = Application(*self._collaborators)
        return self._app

    async def _answer(self, request):
        status = await self._access.check(request)
        if not status and request.is_too_long():
            status = 413
        if status:
            response = self._app.refuse(request, status)
        else:
            response = await self._app.dispatch_request(request)
        if not request.answered:
            await self._write(request, response)
        await request.stream.discard(limits.HTTP_LINGER_MS if status else limits.HTTP_DISCARD_MS)

    async def _write(self, request, response):
        """Write a response; if making it fails before anything is sent, write an error instead."""
        writer = _Writer(request)
        try:
            await response.write(writer)
            await writer.flush()
        except OSError:
            raise
        except Exception as e:  # a bug of ours, or too little memory
            self._log.error("web", "{}: {!r}".format(request.path, e))
            if not request.answered:
                writer.clear()
                status = 503 if isinstance(e, MemoryError) else 500
                await self._app.refuse(request, status).write(writer)
                await writer.flush()
        finally:
            close = getattr(response.body, "close", None)
            if close:
                close()


class _Writer:
    """Collects what microdot writes line by line, and sends it in larger pieces."""

    def __init__(self, request):
        self._request = request
        self._buffer = bytearray(_PIECE)
        self._used = 0

    async def awrite(self, data):
        at = 0
        while at < len(data):
            n = min(len(data) - at, _PIECE - self._used)
            self._buffer[self._used : self._used + n] = memoryview(data)[at : at + n]
            self._used += n
            at += n
            if self._used == _PIECE:
                await self.flush()
                await asyncio.sleep_ms(0)  # yield to other tasks

    async def flush(self):
        used, self._used = self._used, 0
        if used:
            await self._request.send(memoryview(self._buffer)[:used])

    def clear(self):
        """Forget what has not been sent."""
        self._used = 0


async def _discard(stream):
    """Read the rest of a refused request, as `Body.discard` does; OSError at its end."""
    stream.busy_for(0)
    view = memoryview(bytearray(_FIRST))
    ends = ticks_add(ticks_ms(), limits.HTTP_LINGER_MS)
    while ticks_diff(ends, ticks_ms()) > 0:
        if not await stream.recv_into(view, limits.HTTP_HEAD_PAUSE_MS):
            return
        await asyncio.sleep_ms(0)  # yield, also when there is always something to read


async def _read_head(stream):
    """Return (head, what has arrived after it); raises HTTPError and OSError."""
    buffer = bytearray(_FIRST)
    filled = 0
    while True:
        got = await stream.recv_into(memoryview(buffer)[filled:])
        if not got:
            raise HTTPError(400, "cut off") if filled else OSError("closed")
        start = max(0, filled - 3)
        filled += got
        at = bytes(buffer[start:filled]).find(b"\r\n\r\n")
        if at >= 0:
            end = start + at + 4
            return bytes(buffer[:end]), bytes(buffer[end:filled])
        if filled == limits.HTTP_HEAD_BYTES:
            raise HTTPError(431, "the head is too long")
        if filled == len(buffer):
            buffer += bytes(min(_FIRST, limits.HTTP_HEAD_BYTES - filled))
