"""A request as microdot's handlers see it, made from a checked head; its body is read later."""

import asyncio
import json
from errno import ETIMEDOUT
from time import ticks_add, ticks_diff, ticks_ms

from microdot.microdot import NoCaseDict, Response
from microdot.microdot import Request as MicrodotRequest
from micropython import const

from proto.http import HTTPError, escapes_are_whole

MOST_BODY = const(16_384)  # bytes of a body that is held in memory
_MOST_UPLOAD = const(2_097_152)  # more than any slot takes
_MOST_FORM = const(9_216)  # characters of all fields: a certificate of 8 KB fits
_PIECE = const(512)


class Request(MicrodotRequest):
    """microdot's request with a strict form and strict JSON; `stream` is the unread body."""

    max_content_length = 1 << 30  # the server has checked it

    def __init__(self, app, head, rest, connection, limit_ms):
        if head.method != head.method.upper():  # microdot takes `get` for GET
            raise HTTPError(501, "method")
        body = Body(connection, rest, head, limit_ms)
        peer = connection.get_extra_info("peername")
        headers = NoCaseDict(head.headers)
        sock = (connection, connection)
        try:
            super().__init__(app, peer, head.method, head.target, "1.0", headers, b"", body, sock)
        except ValueError:  # its query string is not UTF-8
            raise HTTPError(400, "address") from None
        self.address = peer[0] if peer else ""
        self.is_upload = self.path == "/update"  # its handler reads `stream` itself
        self.answered = False

    def is_too_long(self):
        return self.content_length > (_MOST_UPLOAD if self.is_upload else MOST_BODY)

    async def load(self):
        """Read the whole body into memory, for `body`, `form` and `json`."""
        self._body = await self.stream.load()

    async def send(self, *parts):
        """Write a response, or some of it, to the connection itself."""
        self.answered = True
        await self.sock[1].send(*parts)

    async def respond(self, head, *body):
        """Write a whole response to the connection itself, for HEAD without its body.

        Returns what the handler then has to return.
        """
        await self.send(head, *(() if self.method == "HEAD" else body))
        return Response.already_handled

    def abandon(self):
        """Neither answer nor read on: the client has gone, or is too slow."""
        self.answered = True
        self.stream.left = 0

    def wants_page(self):
        """Return whether a person with a browser waits, and no program and no <img>."""
        return "text/html" in self.headers.get("Accept", "") and not self.is_api()

    def is_api(self):
        return self.path.startswith("/api/")

    @property
    def form(self):
        """Fields of the form in the body, whatever its Content-Type says: scripts give none.

        Each field occurs once. Raises HTTPError.
        """
        if self._form is None:
            self._form = self._parsed_form()
        return self._form

    def _parsed_form(self):
        if b"%" in self.body[-2:]:
            raise HTTPError(400, "The form is cut off.")
        if not escapes_are_whole(self.body):
            raise HTTPError(400, "The form has a broken escape.")
        try:
            form = self._parse_urlencoded(self.body.decode())
        except ValueError:
            raise HTTPError(400, "The form is not UTF-8.") from None
        if sum(len(name) + sum(map(len, form.getlist(name))) for name in form) > _MOST_FORM:
            raise HTTPError(413, "The form is too long.")
        for name in form:
            if len(form.getlist(name)) > 1:
                raise HTTPError(400, "The form has {} twice.".format(name))
        return form

    @property
    def json(self):
        """The JSON object in the body, whatever its Content-Type says. Raises HTTPError."""
        try:
            found = json.loads(self.body.decode()) if self.body else None
        except ValueError:
            raise HTTPError(400, "The request's body is not JSON.") from None
        if not isinstance(found, dict):
            raise HTTPError(400, "The request's body has to be a JSON object.")
        return {_joined(name): _joined(value) for name, value in found.items()}


class Body:
    """The body of a request: `left` bytes of it have not been read yet.

    A body that fits into memory has to be there `limit_ms` after the head; each read of a longer
    one may take so long. Reading raises OSError when the client is too slow or gone.
    """

    def __init__(self, connection, rest, head, limit_ms):
        self.left = head.content_length
        self._connection = connection
        self._rest = rest[: self.left]  # what has arrived with the head
        self._continues = head.headers.get("expect", "").lower() == "100-continue"
        self._limit_ms = limit_ms
        self._until = ticks_add(ticks_ms(), limit_ms) if self.left <= MOST_BODY else None

    async def readinto(self, view):
        """Fill the start of `view`: the number of bytes read, 0 at the end of the body."""
        if not self.left:
            return 0
        if self._continues:
            self._continues = False
            await self._connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        view = view[: min(len(view), self.left)]
        got = min(len(view), len(self._rest))
        if got:
            view[:got] = self._rest[:got]
            self._rest = self._rest[got:]
        else:
            got = await self._received(view)
        self.left -= got
        return got

    async def _received(self, view):
        limit_ms = self._limit_ms
        if self._until is not None:
            limit_ms = max(0, ticks_diff(self._until, ticks_ms()))
        try:
            got = await asyncio.wait_for_ms(self._connection.recv_into(view), limit_ms)
        except asyncio.TimeoutError:
            raise OSError(ETIMEDOUT) from None
        if not got:
            raise OSError("cut off")
        return got

    async def load(self):
        """Return all of it as bytes; the server has checked how long it is."""
        data = bytearray(self.left)
        view, at = memoryview(data), 0
        while self.left:
            at += await self.readinto(view[at:])
        return bytes(data)

    async def discard(self, most, limit_ms):
        """Read up to `most` bytes that no handler has read, for `limit_ms` in all.

        A response would be lost if the connection closed with bytes unread. A client that waits
        for `100 Continue` sends none.
        """
        if self.left and not self._continues:
            try:
                await asyncio.wait_for_ms(self._skip(most), limit_ms)
            except asyncio.TimeoutError:
                pass

    async def _skip(self, most):
        view = memoryview(bytearray(_PIECE))
        while self.left and most > 0:
            most -= await self.readinto(view)


def _joined(text):
    """Return text with its surrogates joined: MicroPython's json leaves the halves that \\u names.

    Raises HTTPError for half a character.
    """
    if not isinstance(text, str) or not any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        return text
    joined, high = "", 0
    for char in text:
        code = ord(char)
        if high and 0xDC00 <= code <= 0xDFFF:
            joined += chr(0x10000 + ((high - 0xD800) << 10) + code - 0xDC00)
            high = 0
        elif high or 0xDC00 <= code <= 0xDFFF:
            break
        elif 0xD800 <= code < 0xDC00:
            high = code
        else:
            joined += char
    else:
        if not high:
            return joined
    raise HTTPError(400, "The request's body has half a character in it.")
