"""A socket stream that copies nothing and never waits for ever.

asyncio's own `Stream.write` keeps a copy of whatever the socket did not take at once, and its
reads allocate what they return. Here the caller's buffers go to and come from the socket.
"""

import asyncio
from asyncio import core
from asyncio.stream import Stream as _Stream
from errno import ENOTCONN, ETIMEDOUT

from micropython import const

_SLICE = const(65_536)  # then the others' turn


class Stream(_Stream):
    """A non-blocking socket (plain or TLS); a wait without progress ends after `stall_ms`."""

    def __init__(self, sock, deadlines, peer=None, stall_ms=10_000):
        super().__init__(sock, {"peername": peer})
        self._deadlines = deadlines
        self._reading = deadlines.new()
        self._writing = deadlines.new()
        self.stall_ms = stall_ms
        self._aborted = False
        self._bare = None  # the socket beneath TLS
        self.idle = True  # nothing has been asked for yet: the first to go when room is needed

    async def send(self, data, more=None):
        """Write all of `data`, then of `more` (bytes-like).

        OSError(ETIMEDOUT) when the peer takes nothing.
        """
        at = 0
        while True:
            took = self.s.write(data, at, _SLICE)  # from, at most: no slice is made
            if took is None:  # full
                await self._ready(self._writing, core._io_queue.queue_write, self.stall_ms)
                continue
            at += took
            if at < len(data):
                await asyncio.sleep_ms(0)
            elif more is None:
                return
            else:
                data, more, at = more, None, 0

    async def recv_into(self, view, stall_ms=0):
        """Fill the start of `view`: the number of bytes read, at least 1; 0 = the peer closed."""
        while True:
            got = self.s.readinto(view)
            if got is not None:
                return got
            await self._ready(self._reading, core._io_queue.queue_read, stall_ms or self.stall_ms)

    async def awrite(self, data):
        """What microdot calls."""
        await self.send(data)

    async def connected(self, ms):
        """Wait until a connect in progress is decided; the first write or read tells how."""
        await self._ready(self._writing, core._io_queue.queue_write, ms)

    def wrap(self, context, host):
        """Go on in TLS: the handshake is made by the first write, in steps that do not block."""
        self._bare = self.s
        self.s = context.wrap_socket(self.s, server_hostname=host, do_handshake_on_connect=False)

    async def _ready(self, deadline, queue, ms):
        if self.s is None or self._aborted:
            raise OSError(ENOTCONN)
        deadline.arm(ms)
        try:
            yield queue(self.s)
        except asyncio.CancelledError:
            if deadline.expired:
                raise OSError(ETIMEDOUT) from None
            raise
        finally:
            deadline.disarm()

    def abort(self):
        """Make whoever waits here, or will, give up with an OSError."""
        self._aborted = True
        self._reading.expire()
        self._writing.expire()

    def close(self):
        """Free the socket; calling it twice does no harm."""
        self._deadlines.drop(self._reading)
        self._deadlines.drop(self._writing)
        self.abort()
        if self.s is not None:
            self.s.close()
            self.s = None
        if self._bare is not None:  # a TLS socket whose handshake failed leaves it open
            self._bare.close()
            self._bare = None

    async def aclose(self):
        self.close()
