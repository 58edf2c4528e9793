"""An update that is fetched from `otaurl`; `of` is the Updater."""

import asyncio
from errno import ECONNRESET

from micropython import const

from aio.late import borrow
from aio.reader import Reader
from config import product
from proto.httpreply import MOST_LINE, REDIRECTS, BadReply, Reply, chunk_size, is_needed
from proto.url import follow, hidden, parse
from proto.values import BadArgument
from proto.words import why

_BUFFER = const(2_048)
_STALL_MS = const(30_000)
_CONNECT_MS = const(20_000)
_PAUSE_MS = const(2_000)
_REDIRECTS = const(5)
_MOST_SKIPPED = const(16_384)  # bytes of one header
_BUSY = (429, 500, 502, 503, 504)  # it may be back in a moment
_TRIES = const(5)
_PROGRESS = const(65_536)  # after so many bytes there are as many tries again


async def run(of):
    """Fetch and install; how it ends is told by the log and on `stat/<topic>/ota`."""
    download = Download(of, parse(of.settings["otaurl"]))
    install = borrow("app.ota.install")
    of.state = "waiting"
    of.log.info("update", "fetching " + hidden(of.settings["otaurl"]))
    try:
        await download.open()
        await install.install(of, download.read, download.total or 0)
    except (OSError, BadArgument) as e:
        if of.state == "waiting":  # else it is told already
            await borrow("app.ota.report").failed(of, e)
    finally:
        download.close()


class Download:
    """`await read(view)` gives its bytes, over stalls and lost connections; `total` or None."""

    def __init__(self, of, url, stall_ms=_STALL_MS, pause_ms=_PAUSE_MS):
        self._of = of
        self._first_url = url
        self._url = url
        self._stall_ms = stall_ms
        self._pause_ms = pause_ms
        self._buffer = bytearray(_BUFFER)
        self._stream = self._reader = self._reply = None
        self._left = None  # bytes of this answer or chunk; None: until the server closes
        self._tries = _TRIES
        self._mark = 0
        self._tag = ""
        self._first = True  # chunk
        self.total = None
        self.at = 0

    async def open(self):
        """Ask for what is still missing; OSError with the reason, BadArgument for the address."""
        self._url = self._first_url  # where a redirect led to may hold for a minute only
        for _ in range(_REDIRECTS + 1):
            self.close()
            reply = self._reply = await self._ask()
            if reply.status not in REDIRECTS:
                return await self._begin(reply)
            if not reply.location:
                raise BadReply("{}, which leads nowhere".format(reply))
            self._url = follow(self._url, reply.location)
        raise BadReply("more than {} redirects".format(_REDIRECTS))

    async def _ask(self):
        try:
            return await asyncio.wait_for_ms(self._request(), _CONNECT_MS + self._stall_ms)
        except asyncio.TimeoutError:
            raise OSError("no answer in time") from None
        except ValueError as e:  # a certificate's fault
            raise BadArgument(borrow("app.tls").why(e)) from None

    async def _request(self):
        of, url, context = self._of, self._url, None
        if url.tls:
            verify = not of.settings["mqttverify"]
            context = borrow("app.tls").client_context(verify, of.settings["mqttca"])
        self._stream = await of.dialler.connect(url.host, url.port, context)
        lines = ["GET {} HTTP/1.1".format(url.path), "Host: " + url.authority()]
        lines += ["User-Agent: {}/{}".format(product.NAME, product.VERSION)]
        lines += ["Accept-Encoding: identity", "Connection: close"]
        if url.login:
            lines.append("Authorization: Basic " + url.login)
        if self.at:
            lines.append("Range: bytes={}-".format(self.at))
            if self._tag:
                lines.append("If-Range: " + self._tag)
        await self._stream.send("\r\n".join(lines + ["", ""]).encode())
        self._reader = Reader(self._stream, self._buffer, self._stall_ms)
        reply = Reply()
        while not reply.feed(await self._line()):
            pass
        return reply

    async def _begin(self, reply):
        """The head is there: is it what was asked for?"""
        whole = reply.length if reply.status == 200 else reply.total
        if reply.chunked and reply.status == 200:
            whole = None  # RFC 9112, section 6.3
        if self.at and reply.status in _BUSY:
            raise OSError(str(reply))
        if reply.status not in (200, 206) or (reply.status == 206 and reply.first != self.at):
            raise BadReply(str(reply))
        if self.at and self._is_another(reply, whole):
            raise BadArgument("the file has changed meanwhile")
        if not self.at:
            self.total, self._tag = whole, reply.tag
        self._left = 0 if reply.chunked else reply.length
        self._first = True
        if reply.status == 200 and self.at:  # the server knows no ranges
            skip, view = self.at, memoryview(bytearray(512))
            while skip:
                got = await self._some(view[: min(512, skip)])
                if not got:
                    raise BadArgument("the file has changed meanwhile")
                skip -= got

    def _is_another(self, reply, whole):
        """Whether an answer that goes on is of another file than the one that was begun."""
        if self.total is not None and whole not in (None, self.total):
            return True
        return bool(self._tag and reply.tag and self._tag != reply.tag)

    async def read(self, view):
        """Fill the start of `view`: how many bytes, 0 at the end."""
        while True:
            try:
                got = await self._some(view)
                self.at += got
                return got
            except OSError as e:
                if isinstance(e, BadReply):
                    raise
                await self._resume(e)

    async def _resume(self, error):
        """Take the download up where it was, a few times."""
        if self.at - self._mark >= _PROGRESS:
            self._tries = _TRIES
        self._mark = self.at
        while True:
            if not self._tries:
                raise error
            self._tries -= 1
            text = "{} after {} bytes: trying again"
            self._of.log.info("update", text.format(why(error), self.at))
            self.close()
            await asyncio.sleep_ms(self._pause_ms)
            try:
                return await self.open()
            except BadReply:
                raise
            except OSError as e:
                error = e

    async def _some(self, view):
        """Bytes of the body; 0 at its end, OSError when the connection ended before."""
        if self._reply.chunked and not self._left:
            if not await self._next_chunk():
                return 0
        if self._left == 0:
            return 0
        most = len(view) if self._left is None else min(len(view), self._left)
        try:
            part = await self._reader.some(most)
        except OSError as e:
            if self._left is None and e.errno == ECONNRESET:  # so it ends without a length
                return 0
            raise
        n = len(part)
        view[:n] = part
        if self._left is not None:
            self._left -= n
        return n

    async def _next_chunk(self):
        """Whether there is one more (RFC 9112, section 7.1)."""
        if self._left is None:  # the last one was seen
            return False
        if not self._first:
            await self._line()
        self._first = False
        self._left = chunk_size(await self._line()) or None
        return self._left

    async def _line(self):
        """Without its end; of a long header that nobody needs the beginning."""
        line, length = bytearray(), 0
        while True:
            byte = await self._reader.byte()
            if byte == 10:
                break
            length += 1
            if length <= MOST_LINE:
                line.append(byte)
            elif length > _MOST_SKIPPED or length == MOST_LINE + 1 and is_needed(line):
                raise BadReply("the answer has too long a line")
        return bytes(line).rstrip(b"\r")

    def close(self):
        if self._stream:
            self._stream.close()
            self._stream = None
