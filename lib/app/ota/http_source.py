"""An update from a web server: one file."""

import asyncio
from errno import ECONNRESET
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from app.webclient import WebClient
from config import limits
from proto.httpreply import REDIRECTS, BadReply, chunk_size
from proto.reasons import describe
from proto.values import BadArgument

_BUFFER = const(2_048)
_BUSY = (429, 500, 502, 503, 504)  # the server may recover soon


class HTTPSource:
    """Fetches the update at a URL; `install(read, total, force)` is Updater.install."""

    def __init__(self, url, connector, settings, log, report, install, force=False):
        self._url = url
        self._download = Download(url, connector, settings, log)
        self._log = log
        self._report = report
        self._install = install
        self._force = force

    async def run(self):
        self._log.info("update", "fetching {}{}".format(self._url.authority(), self._url.path))
        try:
            await self._open()
            await self._install(self._download.read, self._download.total or 0, self._force)
        except (OSError, BadArgument):  # reported already
            pass
        finally:
            self._download.close()

    async def _open(self):
        try:
            await self._download.open()
        except (OSError, BadArgument) as e:
            await self._report.failed(e)
            raise


class Download:
    """`await read(view)` returns the file, across stalls and lost connections.

    `total` is its size, or None if unknown; `at` is the number of bytes so far.
    """

    def __init__(
        self,
        url,
        connector,
        settings,
        log,
        stall_ms=limits.UPDATE_STALL_MS,
        pause_ms=limits.UPDATE_PAUSE_MS,
        total_ms=limits.UPDATE_MS,
    ):
        self._first_url = url
        self._url = url
        self._log = log
        self._pause_ms = pause_ms
        self._total_ms = total_ms
        self._ends = ticks_add(ticks_ms(), total_ms)
        self._client = WebClient(connector, settings, bytearray(_BUFFER), stall_ms)
        self._reply = None
        self._left = None  # bytes of this response or chunk; None: until the server closes
        self._first = True  # chunk of the response
        self._attempts = limits.UPDATE_ATTEMPTS
        self._mark = 0  # `at` when the last attempt began
        self._tag = ""
        self.total = None
        self.at = 0

    async def open(self):
        """Request what is missing; OSError with the reason, BadArgument for the URL or file."""
        self._url = self._first_url  # the target of a redirect may be valid for a minute only
        for _ in range(limits.UPDATE_REDIRECTS + 1):
            self.close()
            reply = self._reply = await self._request()
            if reply.status not in REDIRECTS:
                return await self._begin(reply)
            if not reply.location:
                raise BadReply("{} without a Location".format(reply))
            self._url = self._url.follow(reply.location)
            self._log.debug("update", "redirected to {}", self._url.authority())
        raise BadReply("more than {} redirects".format(limits.UPDATE_REDIRECTS))

    async def read(self, view):
        """Fill the start of `view`; return the number of bytes, 0 at the end."""
        while True:
            try:
                got = await self._some(view)
                self.at += got
                return got
            except OSError as e:
                if isinstance(e, BadReply):
                    raise
                await self._resume(e)

    def close(self):
        self._client.close()

    async def _request(self):
        """Connect and send a request; return the head of the response."""
        headers = []
        if self.at:
            headers.append("Range: bytes={}-".format(self.at))
            if self._tag:
                headers.append("If-Range: " + self._tag)
        return await self._client.request("GET", self._url, headers)

    async def _begin(self, reply):
        """Check that the response matches the request, and go to the first missing byte."""
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
        else:
            self._log.debug("update", "resuming at byte {}, status {}", self.at, reply.status)
        self._left = 0 if reply.chunked else reply.length
        self._first = True
        if reply.status == 200 and self.at:  # the server does not support ranges
            await self._skip(self.at)

    def _is_another(self, reply, whole):
        """Return True if the response has another file than the one that was begun."""
        if self.total is not None and whole not in (None, self.total):
            return True
        return bool(self._tag and reply.tag and self._tag != reply.tag)

    async def _skip(self, count):
        view = memoryview(bytearray(512))
        while count:
            got = await self._some(view[: min(512, count)])
            if not got:
                raise BadArgument("the file has changed meanwhile")
            count -= got

    async def _resume(self, error):
        """Continue the download where it broke off; raise the error after the last attempt."""
        if self.at - self._mark >= limits.UPDATE_PROGRESS_BYTES:
            self._attempts = limits.UPDATE_ATTEMPTS
        self._mark = self.at
        while True:
            if not self._attempts:
                raise error
            self._attempts -= 1
            text = "{} after {} bytes; retrying"
            self._log.info("update", text.format(describe(error), self.at))
            self.close()
            await asyncio.sleep_ms(self._pause_ms)
            try:
                return await self.open()
            except BadReply:
                raise
            except OSError as e:
                error = e

    async def _some(self, view):
        """Read some of the body; 0 at its end, OSError if the connection ends before."""
        if ticks_diff(self._ends, ticks_ms()) < 0:
            raise BadReply("not complete after {} minutes".format(self._total_ms // 60_000))
        if self._reply.chunked and not self._left and not await self._next_chunk():
            return 0
        if self._left == 0:
            return 0
        limit = len(view) if self._left is None else min(len(view), self._left)
        try:
            part = await self._client.reader.read_some(limit)
        except OSError as e:
            if self._left is None and e.errno == ECONNRESET:  # the end of a body without a length
                return 0
            raise
        n = len(part)
        view[:n] = part
        if self._left is not None:
            self._left -= n
        return n

    async def _next_chunk(self):
        """Go to the next chunk (RFC 9112, section 7.1); return its size, None after the last."""
        if self._left is None:
            return None
        if not self._first:
            await self._client.line()
        self._first = False
        self._left = chunk_size(await self._client.line()) or None
        return self._left
