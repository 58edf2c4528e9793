"""Reads a stream through one small buffer: no length from the network decides an allocation."""

import asyncio
from errno import ECONNRESET
from time import ticks_diff, ticks_ms

from config import limits


class Reader:
    """Buffered reads from a `Stream`; a view is valid until the next call."""

    def __init__(self, stream, buffer, stall_ms):
        self._stream = stream
        self._view = memoryview(buffer)
        self.stall_ms = stall_ms
        self._at = self._end = 0

    async def _fill(self):
        got = await self._stream.recv_into(self._view[self._end :], self.stall_ms)
        if not got:
            raise OSError(ECONNRESET)
        self._end += got
        await asyncio.sleep_ms(0)  # yield, even if the peer sends faster than we read

    async def read_byte(self):
        """Return the next byte as an int; OSError when the peer has closed or is silent."""
        return (await self.read_exactly(1))[0]

    async def read_exactly(self, n):
        """Return a view of the next `n` bytes; ValueError if the buffer cannot hold them."""
        if n > len(self._view):
            raise ValueError("more than the buffer holds")
        if self._at + n > len(self._view):
            waiting = self._end - self._at
            self._view[:waiting] = self._view[self._at : self._end]
            self._at, self._end = 0, waiting
        while self._end - self._at < n:
            await self._fill()
        start = self._at
        self._at += n
        if self._at == self._end:
            self._at = self._end = 0
        return self._view[start : start + n]

    async def read_some(self, limit):
        """Return a view of the next 1..limit bytes, as soon as there are any."""
        if self._at == self._end:
            self._at = self._end = 0
            await self._fill()
        return await self.read_exactly(min(limit, self._end - self._at))


class Paced:
    """Stream that fails if its peer sends less than `rate` bytes per second, over `over_ms`.

    Only the time counts in which the stream waits for the peer.
    """

    def __init__(self, stream, rate=limits.TRANSFER_RATE_BYTES, over_ms=limits.TRANSFER_RATE_MS):
        self._stream = stream
        self._rate = rate
        self._over_ms = over_ms
        self._waited_ms = self._got = 0

    async def recv_into(self, view, stall_ms):
        """Read as Stream does; OSError also if the peer is too slow."""
        started = ticks_ms()
        got = await self._stream.recv_into(view, stall_ms)
        self._got += got
        self._waited_ms += ticks_diff(ticks_ms(), started)
        if got and self._waited_ms >= self._over_ms:
            if 1_000 * self._got < self._rate * self._waited_ms:
                raise OSError("less than {} bytes per second".format(self._rate))
            self._waited_ms = self._got = 0
        return got


class Body:
    """The `left` bytes of one message; reads end where the message ends."""

    def __init__(self, reader, length):
        self._reader = reader
        self.left = length

    async def read_some(self, limit=4_096):
        """Return a view of the next 1..limit bytes, valid until the next read; b"" at the end."""
        if not self.left:
            return b""
        view = await self._reader.read_some(min(limit, self.left))
        self.left -= len(view)
        return view

    async def readinto(self, view):
        """Fill `view` as far as the message reaches; return the number of bytes."""
        at = 0
        while at < len(view) and self.left:
            part = await self.read_some(len(view) - at)
            view[at : at + len(part)] = part
            at += len(part)
        return at

    async def skip(self):
        """Read and drop the rest."""
        while self.left:
            await self.read_some()
