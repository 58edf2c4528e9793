"""One request and its answer: read under a limit, written in small pieces."""

from micropython import const

from aio.late import borrow
from proto.http import SECURITY, BadRequest
from proto.reasons import titled

_PIECE = const(536)  # what the smallest segment of TCP carries


class Exchange:
    """What a page's function is handed; `site` is the Pages that it works for."""

    def __init__(self, site, request):
        self.site = site
        self.request = request
        self.path = request.path
        self.method = request.method
        self.address = request.client_addr[0] if request.client_addr else ""
        self.left = request.content_length  # bytes of the body to be read
        self.begun = False
        self._waits = self.header("Expect").lower() == "100-continue"
        self._stream = request.sock[1]
        self._buffer = None
        self._used = 0

    def header(self, name):
        return self.request.headers.get(name, "")

    def wants_page(self):
        """Whether a person with a browser asks, no program, no <img>."""
        return "text/html" in self.header("Accept") and not self.path.startswith("/api/")

    async def read(self, view):
        """Fill the start of `view` with the body: the number of bytes, 0 at its end."""
        if not self.left:
            return 0
        if self._waits:
            self._waits = False
            await self._stream.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        got = await self.request.stream.readinto(view[: min(len(view), self.left)])
        self.left -= got
        return got

    async def body(self, most):
        """The request's whole body, as bytes."""
        if self.left > most:
            raise BadRequest(413, "That is more than {} bytes at once.".format(most))
        data = bytearray(self.left)
        view = memoryview(data)
        at = 0
        while self.left:
            at += await self.read(view[at:])
        return data

    async def start(self, status=200, kind="text/html; charset=UTF-8", headers=""):
        """The answer's head, in place of what has not been sent yet."""
        self._used = 0
        store = "" if "Cache-Control" in headers else "Cache-Control: no-store\r\n"
        await self.write("HTTP/1.0 {}\r\nContent-Type: {}\r\n".format(titled(status), kind), True)
        await self.write(SECURITY, True)
        await self.write("{}{}Connection: close\r\n\r\n".format(store, headers), True)

    async def write(self, data, head=False):
        """Some of the answer: text or bytes, of its body unless `head` is set."""
        if self.method == "HEAD" and not head:
            return
        view = memoryview(data.encode() if isinstance(data, str) else data)
        if not self._buffer:
            self._buffer = bytearray(_PIECE)
        at = 0
        while at < len(view):
            n = min(len(view) - at, _PIECE - self._used)
            self._buffer[self._used : self._used + n] = view[at : at + n]
            self._used += n
            at += n
            if self._used == _PIECE:
                await self._flush()

    async def _flush(self):
        used, self._used = self._used, 0
        if used:
            self.begun = True  # nothing can be taken back
            await self._stream.send(memoryview(self._buffer)[:used])

    async def end(self, most):
        """Send what waits; take up to `most` bytes that nobody has read.

        A connection that is closed before its answer would be lost with it.
        """
        await self._flush()
        if self.left and not self._waits:
            view = memoryview(self._buffer or bytearray(_PIECE))
            while self.left and most > 0:
                most -= await self.read(view)

    async def redirect(self, location, status=303, headers=""):
        await self.start(status, headers="{}Location: {}\r\n".format(headers, location))

    async def refuse(self, status, what="", headers=""):
        """Say what is wrong and what to do: a page, JSON, or a line."""
        await borrow("app.http.errors").tell(self, titled, status, what, headers)
