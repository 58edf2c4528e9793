"""Accepts connections up to a limit; each is served by a task that ends with it."""

import asyncio
import socket
from asyncio import core
from errno import EAGAIN

from micropython import const

from aio.streams import NODELAY, TCP, Stream
from aio.tasks import finish

_BACKLOG = const(16)  # connections that wait to be accepted; a flood must not delay the next
_SOON_MS = const(500)  # for a connection to end: a browser asks for several things at once
_AT_ONCE = const(4)  # fewer than the limit: each is looked at before it can have to go


class Listener:
    """`await serve(stream)` for every connection on `port`; the stream is closed afterwards.

    Beyond `limit` connections, or the `budget` that all listeners share, the oldest one that is
    still `idle` has to go, else whom `make_room()` finds; where all are at work and stay,
    `refuse(stream)`, which has to be quick, turns the new one away.
    """

    def __init__(
        self, port, serve, refuse, deadlines, log, budget, limit=6, make_room=None, patient=False
    ):
        self._port = port
        self._serve = serve
        self._refuse = refuse
        self._deadlines = deadlines
        self._log = log
        self._budget = budget
        self._limit = limit
        self._make_room = make_room
        self._patient = patient  # a connection may be silent and stay
        self._tasks = []
        self._streams = []
        self._ended = asyncio.Event()

    def __len__(self):
        return len(self._tasks)

    def end_all(self):
        """End every connection; what is written at once still goes out."""
        for stream in self._streams:
            stream.abort()

    async def run(self):
        sock = self._listen()
        try:
            while True:
                await self._readable(sock)
                for _ in range(_AT_ONCE):
                    if not await self._accept(sock):
                        break
        finally:
            sock.close()
            await finish(*self._tasks)

    def _listen(self):
        address = socket.getaddrinfo("0.0.0.0", self._port)[0][-1]
        sock = socket.socket()
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(address)
            sock.listen(_BACKLOG)
        except OSError:
            sock.close()
            raise
        return sock

    async def _readable(self, sock):
        yield core._io_queue.queue_read(sock)

    async def _accept(self, sock):
        """Take one connection, if there is one."""
        try:
            connection, peer = sock.accept()
        except OSError as e:
            if e.errno != EAGAIN:  # it is gone already, or no socket is left: the others go on
                await asyncio.sleep_ms(50)
            return False
        connection.setblocking(False)
        try:
            connection.setsockopt(TCP, NODELAY, 1)
        except OSError:  # it is gone already
            connection.close()
            return True
        stream = Stream(connection, self._deadlines, peer)
        stream.idle = not self._patient
        if not self._has_room() and not await self._has_room_soon(stream):
            await self._turn_away(stream)
        else:
            self._budget.taken += 1
            self._streams.append(stream)
            self._tasks.append(asyncio.create_task(self._one(stream)))
        return True

    def _has_room(self):
        if len(self._tasks) >= self._limit:
            return self._evict()
        if self._budget.free():
            return True
        return self._evict() or bool(self._make_room and self._make_room())

    async def _has_room_soon(self, stream):
        """All are at work, but a page takes little time."""
        self._ended.clear()
        try:
            await asyncio.wait_for_ms(self._ended.wait(), _SOON_MS)
        except asyncio.TimeoutError:
            return False
        except asyncio.CancelledError:
            stream.close()
            raise
        return self._has_room()

    def _evict(self):
        for stream in self._streams:
            if stream.idle:
                self._streams.remove(stream)
                stream.close()
                return True
        return False

    async def _turn_away(self, stream):
        try:
            await self._refuse(stream)
        except OSError:
            pass
        finally:
            stream.close()

    async def _one(self, stream):
        try:
            await self._serve(stream)
        except OSError:  # the peer went
            pass
        except Exception as e:  # ours: it must not end the listener
            self._log.error("listener", "port {}: {!r}".format(self._port, e))
        finally:
            stream.close()
            self._budget.taken -= 1
            self._tasks.remove(asyncio.current_task())
            self._ended.set()
            if stream in self._streams:
                self._streams.remove(stream)


class Budget:
    """Counts connections over all listeners."""

    def __init__(self, most):
        self.most = most
        self.taken = 0

    def free(self):
        return self.taken < self.most
