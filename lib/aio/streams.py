"""Socket streams that copy nothing and never wait for ever.

asyncio's own `Stream.write` keeps a copy of whatever the socket did not accept, and its reads
allocate what they return. Here the socket works on the caller's buffers.
"""

import asyncio
import select
from asyncio import core
from asyncio.stream import Stream as _Stream
from errno import ECONNRESET, ENOTCONN, ETIMEDOUT
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from config import limits

NO_DELAY = 6, 1, 1  # setsockopt: IPPROTO_TCP, TCP_NODELAY, on; the same in lwIP and in Linux
_WHOLE = const(0x1000_0000)  # a plain socket copies what its buffer holds, in microseconds
_TLS_SLICE = const(16_384)  # a record; the chip encrypts it in some 60 ms, a PC in 0.2 ms
_TURN_MS = const(10)  # of encryption, then other tasks run
_PIECE = const(512)  # bytes of input to drop at a time
_MOST_PIECES = const(8)  # more than a request's head


class Stream(_Stream):
    """A non-blocking socket (plain or TLS); a wait without progress ends after `stall_ms`."""

    def __init__(self, sock, deadlines, peer=None, stall_ms=limits.STALL_MS):
        super().__init__(sock, {"peername": peer})
        self._deadlines = deadlines
        self._reading = deadlines.new()
        self._writing = deadlines.new()
        self.stall_ms = stall_ms
        self._aborted = False
        self._bare = None  # the socket beneath TLS
        self._polled = sock
        self._slice = _WHOLE
        self._parts = None  # of `put`: [part] is written up to `at`, its slice ends at `end`
        self._part = self._at = self._end = 0
        self.waits = 0  # for the peer while writing; in a TLS handshake, for its answers
        self._idle_at = ticks_ms()  # None: never
        self._stuck_at = None  # when a peer that accepts no data counts as idle
        self.all_read = False  # True: the peer can only close it

    @property
    def idle(self):
        """True while a listener may close it, when it needs room for another connection."""
        now = ticks_ms()
        for at in (self._idle_at, self._stuck_at):
            if at is not None and ticks_diff(now, at) >= 0:
                return True
        return self.all_read and self._has_input()  # the peer has gone

    def _has_input(self):
        """Return True if the peer has sent data, or has closed."""
        poller = select.poll()
        poller.register(self._polled, select.POLLIN)
        return bool(poller.poll(0))

    def busy_for(self, ms):
        """Count as idle in `ms`, None: never.

        In any case, a connection is idle if its peer accepts no data, or if it is `all_read` and
        its peer has closed it.
        """
        self._idle_at = None if ms is None else ticks_add(ticks_ms(), ms)

    def put(self, parts):
        """Write what the socket accepts of `parts` (bytes-like); return True if that is all.

        Otherwise await `flush`. Together they are asyncio's write and drain, without its copy.
        """
        self._parts = parts
        self._part = self._at = self._end = 0
        return self._write_some()

    async def flush(self):
        """Write the rest of a `put`; OSError(ETIMEDOUT) when the peer accepts nothing."""
        while True:
            if self._at < self._end:  # the socket is full
                self.waits += 1
                self._stuck_at = ticks_add(ticks_ms(), limits.CONNECTION_STUCK_MS)
                await self._ready(self._writing, core._io_queue.queue_write, self.stall_ms)
                self._stuck_at = None
            else:
                await asyncio.sleep_ms(0)
            if self._write_some():
                return

    async def send(self, *parts):
        """Write all of `parts`, in order."""
        if not self.put(parts):
            await self.flush()

    def _write_some(self):
        """Write until the socket is full or the turn is over; return True when all is out.

        A slice keeps its end until it is out: Mbed TLS requires the same length when a record
        that did not fit is written again.
        """
        if self.s is None:
            raise OSError(ENOTCONN)
        started = ticks_ms()
        at, end = self._at, self._end
        while self._part < len(self._parts):
            data = self._parts[self._part]
            if at == end:
                end = min(at + self._slice, len(data))
            at += self.s.write(data, at, end - at) or 0
            if at == len(data):
                self._part += 1
                at = end = 0
            elif at < end or ticks_diff(ticks_ms(), started) >= _TURN_MS:
                self._at, self._end = at, end
                return False
        self._parts = None
        self._polled = self._bare or self.s  # the handshake is over
        return True

    async def recv_into(self, view, stall_ms=0):
        """Fill the start of `view`; return the number of bytes, 0 when the peer has closed."""
        while True:
            if self.s is None or self._aborted:
                raise OSError(ENOTCONN)
            got = self.s.readinto(view)
            if got is not None:
                return got
            await self._ready(self._reading, core._io_queue.queue_read, stall_ms or self.stall_ms)

    def drop_input(self):
        """Drop what has arrived. With unread data, a close loses what was sent before (RST)."""
        piece = bytearray(_PIECE)
        for _ in range(_MOST_PIECES):
            if not (self.s and self.s.readinto(piece)):
                return

    async def wait_connected(self, ms):
        """Wait for the end of a connect in progress; the first write or read has its result."""
        await self._ready(self._writing, core._io_queue.queue_write, ms)

    def wrap(self, context, host):
        """Continue in TLS: the first `send` does the handshake, in steps that do not block.

        Until then the TLS object is polled, which knows the direction it waits for. Afterwards
        the socket beneath is polled: the PC's interpreter needs 1 ms to poll a TLS object.
        """
        self._bare = self.s
        self._slice = _TLS_SLICE
        self.s = self._polled = context.wrap_socket(
            self.s, server_hostname=host, do_handshake_on_connect=False
        )

    async def peer_certificate(self):
        """Do the handshake of TLS; return the server's certificate (DER) before any data is sent.

        A server that closes, or sends data first as in none of our protocols, is refused.
        """
        first = bytearray(1)
        while True:
            if self.s is None:
                raise OSError(ENOTCONN)
            if self.s.readinto(first) is not None:
                raise OSError(ECONNRESET)
            der = self.s.getpeercert(True)
            if der:
                self._polled = self._bare
                return der
            self.waits += 1
            await self._ready(self._writing, core._io_queue.queue_read, self.stall_ms)

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
        """Return True once `abort` or `close` was called."""
        return self._aborted

    def abort(self):
        """End the current wait, and all later waits and reads, with an OSError."""
        self._aborted = True
        self._reading.expire()
        self._writing.expire()

    def close(self):
        """Free the socket; a second call has no effect."""
        self._deadlines.drop(self._reading)
        self._deadlines.drop(self._writing)
        self.abort()
        if self.s is not None:
            self.s.close()
            self.s = None
        if self._bare is not None:  # a TLS socket whose handshake failed leaves it open
            self._bare.close()
            self._bare = None
