"""The request that microdot's handlers get, made from a checked head; its body is read later."""

import asyncio
import json
from errno import ETIMEDOUT
from time import ticks_add, ticks_diff, ticks_ms

from microdot.microdot import NoCaseDict, Response
from microdot.microdot import Request as MicrodotRequest
from micropython import const

from aio.reader import Paced
from app.http.auth import PUBLIC
from config import limits
from proto.http import HTTPError, escapes_are_whole

_PIECE = const(512)


class Request(MicrodotRequest):
    """microdot's request with a strict form and strict JSON; `stream` is the unread body."""

    max_content_length = 1 << 30  # the server has checked it

    def __init__(self, app, head, rest, connection, limit_ms):
        if head.method != head.method.upper():  # microdot would treat `get` as GET
            raise HTTPError(501, "unknown method")
        body = Body(connection, rest, head, limit_ms)
        peer = connection.get_extra_info("peername")
        headers = NoCaseDict(head.headers)
        sock = (connection, connection)
        try:
            super().__init__(app, peer, head.method, head.target, "1.0", headers, b"", body, sock)
        except ValueError:  # its query string is not UTF-8
            raise HTTPError(400, "invalid address") from None
        self.address = peer[0] if peer else ""
        self.is_upload = self.path == "/update"  # its handler reads `stream` itself
        self.answered = False

    def is_too_long(self):
        """Return True if the body is longer than its path takes; strangers may send little."""
        if self.is_upload:
            return self.content_length > limits.HTTP_UPLOAD_BYTES
        is_public = self.path in PUBLIC
        most = limits.HTTP_LOGIN_BYTES if is_public else limits.HTTP_BODY_BYTES
        return self.content_length > most

    async def load(self):
        """Read the whole body into memory, for `body`, `form` and `json`.

        Until it has arrived, the connection gives way to another one; afterwards once the client
        has gone.
        """
        connection = self.sock[1]
        connection.busy_for(0)
        self._body = await self.stream.load()
        connection.busy_for(limits.HTTP_BUSY_MS)
        connection.all_read = True

    async def send(self, *parts):
        """Write a response, or a part of it, straight to the connection."""
        self.answered = True
        await self.sock[1].send(*parts)

    async def respond(self, head, *body):
        """Write a complete response straight to the connection, for HEAD without its body.

        Returns the value that the handler must return.
        """
        await self.send(head, *(() if self.method == "HEAD" else body))
        return Response.already_handled

    def abandon(self):
        """Send no response and stop reading, because the client has gone or is too slow."""
        self.answered = True
        self.stream.left = 0

    def wants_page(self):
        """Return True if a browser wants a page; False for a program or an <img>."""
        return "text/html" in self.headers.get("Accept", "") and not self.is_api()

    def wants_json(self):
        """Return True for the API, and for a script that accepts JSON from another path."""
        return self.is_api() or "application/json" in self.headers.get("Accept", "")

    def is_api(self):
        return self.path.startswith("/api/")

    @property
    def form(self):
        """Fields of the form in the body, whatever its Content-Type: scripts send none.

        Each field occurs once. Raises HTTPError.
        """
        if self._form is None:
            self._form = self._parsed_form()
        return self._form

    def _parsed_form(self):
        if b"%" in self.body[-2:]:
            raise HTTPError(400, "The form is cut off.")
        if not escapes_are_whole(self.body):
            raise HTTPError(400, "The form has an invalid escape.")
        try:
            form = self._parse_urlencoded(self.body.decode())
        except ValueError:
            raise HTTPError(400, "The form is not UTF-8.") from None
        chars = sum(len(name) + sum(map(len, form.getlist(name))) for name in form)
        if chars > limits.HTTP_FORM_CHARS:
            raise HTTPError(413, "The form is too long.")
        for name in form:
            if len(form.getlist(name)) > 1:
                raise HTTPError(400, "The form has {} twice.".format(name))
        return form

    @property
    def json(self):
        """The JSON object in the body, whatever its Content-Type. Raises HTTPError."""
        try:
            found = json.loads(self.body.decode()) if self.body else None
        except ValueError:
            raise HTTPError(400, "The request's body is not JSON.") from None
        # MicroPython's json accepts names that are numbers, null, true or false
        if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
            raise HTTPError(400, "The request's body must be a JSON object.")
        return {_joined(name): _joined(value) for name, value in found.items()}


class Body:
    """The body of a request: `left` bytes of it have not been read yet.

    A body that fits into memory must arrive within `limit_ms` after the head. A longer one is
    paced, and must never pause for `limit_ms`. Reading raises OSError when the client is too slow
    or gone.
    """

    def __init__(self, connection, rest, head, limit_ms):
        self.left = head.content_length
        self._connection = connection
        self._rest = rest[: self.left]  # what has arrived with the head
        self._continues = head.headers.get("expect", "").lower() == "100-continue"
        self._limit_ms = limit_ms
        self._paced = Paced(connection) if self.left > limits.HTTP_BODY_BYTES else None
        self._until = ticks_add(ticks_ms(), limit_ms)  # unless it is paced

    async def readinto(self, view):
        """Fill the start of `view`; return the number of bytes, 0 at the end of the body."""
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
        if self._paced:
            got = await self._paced.recv_into(view, self._limit_ms)
        else:
            left_ms = ticks_diff(self._until, ticks_ms())
            if left_ms <= 0:
                raise OSError(ETIMEDOUT)
            got = await self._connection.recv_into(view, min(left_ms, self._limit_ms))
        if not got:
            raise OSError("cut off")
        return got

    async def load(self):
        """Return all of it as bytes; the server has checked its length."""
        data = bytearray(self.left)
        view, at = memoryview(data), 0
        while self.left:
            at += await self.readinto(view[at:])
        return bytes(data)

    async def discard(self, limit_ms):
        """Read what no handler has read, for `limit_ms` in all.

        A response would be lost if the connection closed with bytes unread (RFC 9112 section 9.6).
        A client that waits for `100 Continue` sends none.
        """
        if not self.left or self._continues:
            return
        self._connection.busy_for(0)
        self._paced = None
        self._until = ticks_add(ticks_ms(), limit_ms)
        view = memoryview(bytearray(_PIECE))
        while self.left:
            await self.readinto(view)
            await asyncio.sleep_ms(0)  # yield, also when there is always something to read


def _joined(text):
    """Return text with its surrogate pairs joined: MicroPython's json leaves two halves for \\u.

    Raises HTTPError for half a pair.
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
    raise HTTPError(400, "The request's body has half a surrogate pair.")
