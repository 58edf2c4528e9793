"""HTTP requests: head read under a deadline, checked, past the gate, then to who answers."""

import asyncio
import gc
from time import ticks_diff, ticks_ms

from micropython import const

from aio.late import borrow
from app.http.request import Asked
from proto.http import MOST_HEAD, BadRequest

_HEAD_MS = const(10_000)
_KEEP_MS = const(60_000)
_LOOK_MS = const(15_000)
_ROOM = const(64_000)  # free bytes that microdot, which takes half of it, is loaded for
_FIRST = const(768)  # bytes: most heads find room in this
_MOST_BODY = const(16_384)
_MOST_IMAGE = const(2_097_152)  # what /update may send: more than any slot takes


_SHORT = "the camera is short of memory; try again"


class HTTPDoor:
    """Serves one connection: `await serve(stream)`.

    Nothing is done for a request, not even an error page made, before `access` lets it pass.
    Pictures are answered by `web` itself; what pages need is loaded when one is asked for, and
    given back when none was for `keep_ms` (that is what `run` sees to).
    """

    def __init__(
        self, web, access, pages, head_ms=_HEAD_MS, keep_ms=_KEEP_MS, look_ms=_LOOK_MS, room=_ROOM
    ):
        self._web = web
        self._access = access
        self._pages = pages
        self._head_ms = head_ms
        self._keep_ms = keep_ms
        self._look_ms = look_ms
        self._room = room
        self._asked_ms = 0
        self.busy_pages = 0
        self.site = None
        self.requests = self.refused = 0

    async def run(self):
        while True:
            await asyncio.sleep_ms(self._look_ms)
            self._access.forget_old()
            idle_ms = ticks_diff(ticks_ms(), self._asked_ms)
            if self.site and not self.busy_pages and not 0 <= idle_ms < self._keep_ms:
                self.site = None
                self._pages.keep(False)

    async def serve(self, stream):
        try:
            whole = asyncio.wait_for_ms(_read(stream, self._head_ms), self._head_ms)
            asked = await whole
            whole = None  # and with it the room for the largest head
        except asyncio.TimeoutError:
            await self._answer(stream, 408, "the request took too long")
        except MemoryError:
            await self._answer(stream, 503, _SHORT)
        except BadRequest as e:
            await self._answer(stream, e.status, str(e))
        else:
            self.requests += 1
            stream.idle = False
            status = 0 if self._access.passes(asked) else await self._access.check(asked)
            await self._work(asked, status)

    def _work(self, asked, status):
        """What is to be awaited; a coroutine that only waits for it would take heap meanwhile."""
        most = _MOST_IMAGE if asked.path == "/update" else _MOST_BODY
        if not status and asked.content_length > most:
            status = 413
        if status:
            return self._pages.refuse(asked, status)
        if self._web.has(asked.path):
            return self._web.answer(asked)
        return self._page(asked)

    async def _page(self, asked):
        self.busy_pages += 1
        try:
            await self._found_site(asked).answer(asked)
        except MemoryError:  # before the pages could say so themselves
            await self._answer(asked.sock[1], 503, _SHORT)
        finally:
            self.busy_pages -= 1
            self._asked_ms = ticks_ms()

    def _found_site(self, asked):
        """Who answers: pages can do without microdot, but for what stands behind a `?`."""
        if not self.site and _has_room(self._room):
            self.site = borrow("app.http.site").Site(self._pages)
            self._pages.keep(True)
        if self.site:
            return self.site
        asked.args = {}
        return self._pages

    async def busy(self, stream):
        """More connections than the chip has sockets for."""
        await self._answer(
            stream, 503, "the camera has no connection left; close one of its pages, then reload"
        )

    async def _answer(self, stream, status, why):
        self.refused += 1
        await stream.send(borrow("proto.reasons").plain_answer(status, why))


def _has_room(size):
    gc.collect()
    return gc.mem_free() >= size


async def _read(stream, ms):
    """What is asked; BadRequest when the head is too long, cut off or none."""
    buffer = bytearray(_FIRST)
    filled = 0
    while True:
        got = await stream.recv_into(memoryview(buffer)[filled:])
        if not got:
            raise BadRequest(400, "cut off") if filled else OSError("closed")
        start = max(0, filled - 3)
        filled += got
        at = bytes(buffer[start:filled]).find(b"\r\n\r\n")
        if at >= 0:
            end = start + at + 4
            return Asked(bytes(buffer[:end]), bytes(buffer[end:filled]), stream, ms)
        if filled == MOST_HEAD:
            raise BadRequest(431, "the head is too long")
        if filled == len(buffer):
            buffer += bytes(min(_FIRST, MOST_HEAD - filled))
