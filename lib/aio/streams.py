"""A socket stream that copies nothing and never waits for ever.

asyncio's own `Stream.write` keeps a copy of whatever the socket did not take at once, and its
reads allocate what they return. Here the caller's buffers go to and come from the socket.
"""

import asyncio
from asyncio import core
from asyncio.stream import Stream as _Stream
from errno import ENOTCONN, ETIMEDOUT

from micropython import const

TCP, NODELAY = 6, 1  # for setsockopt: the same numbers in lwIP and Linux
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
        self._polled = sock
        self._parts = None
        self._part = self._at = 0
        self._full = False
        self.idle = True  # nothing has been asked for yet: the first to go when room is needed

    def put(self, parts):
        """Write of `parts` (bytes-like) what the socket takes at once; True when it was all.

        Else `flush` has to be awaited. No coroutine is made for what costs no wait: finding room
        for one takes MicroPython's heap longer than the socket takes for 10 KB.
        """
        self._parts = parts
        self._part = self._at = 0
        return self._write_some()

    async def flush(self):
        """Write what `put` has left; OSError(ETIMEDOUT) when the peer takes nothing."""
        while not self._write_some():
            if self._full:
                await self._ready(self._writing, core._io_queue.queue_write, self.stall_ms)
            else:
                await asyncio.sleep_ms(0)
        self._polled = self._bare or self.s  # the handshake is over

    async def send(self, *parts):
        """Write all of `parts`, one after the other."""
        if not self.put(parts):
            await self.flush()

    def _write_some(self):
        """At most a slice, then it is the others' turn; True when all is written."""
        if self.s is None:
            raise OSError(ENOTCONN)
        room = _SLICE
        while self._part < len(self._parts):
            data = self._parts[self._part]
            took = self.s.write(data, self._at, room)  # from, at most: no slice is made
            if not took and self._at < len(data):
                self._full = True
                return False
            self._full = False
            self._at += took
            room -= took
            if self._at == len(data):
                self._part += 1
                self._at = 0
            elif room <= 0:
                return False
        self._parts = None
        return True

    async def recv_into(self, view, stall_ms=0):
        """Fill the start of `view`: the number of bytes read, at least 1; 0 = the peer closed."""
        while True:
            if self.s is None:
                raise OSError(ENOTCONN)
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
        """Go on in TLS: the handshake is made by the first `send`, in steps that do not block.

        Until then the TLS object knows what to wait for; later the socket beneath is polled: on
        the PC every look at the former takes 1 ms, whatever else the loop has to do.
        """
        self._bare = self.s
        self.s = self._polled = context.wrap_socket(
            self.s, server_hostname=host, do_handshake_on_connect=False
        )

    async def _ready(self, deadline, queue, ms):
        if self.s is None or self._aborted:
            raise OSError(ENOTCONN)
        deadline.arm(ms)
        try:
            yield queue(self._polled)
        except asyncio.CancelledError:
            if deadline.expired:
                raise OSError(ETIMEDOUT) from None
            raise
        finally:
            deadline.disarm()

    def aborted(self):
        return self._aborted

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
