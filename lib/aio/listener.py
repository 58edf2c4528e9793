"""Accepts connections up to a limit; each is served by a task that ends with it."""

import asyncio
import socket
from asyncio import core
from errno import EAGAIN

from micropython import const

from aio.streams import NO_DELAY, Stream
from aio.tasks import finish
from config import limits

_BATCH = const(4)  # accepted in a row; then other tasks run
_STEP_MS = const(50)


class Listener:
    """Awaits `serve(stream)` for each connection on `port`, then closes the stream.

    Beyond `limit` connections it closes the oldest one that is `idle`; beyond the `budget` that
    all listeners share also one of another listener, else what `make_room()` finds. When all
    connections are busy, it awaits `refuse(stream)`, which must be quick. A new connection counts
    as idle after CONNECTION_NEW_MS, with `patient` never.

    `serve` may continue without its connection, so a connection that was closed for another one
    takes no place any longer; up to `limit` such tasks may run.
    """

    def __init__(
        self,
        port,
        serve,
        refuse,
        deadlines,
        log,
        budget,
        limit=limits.CONNECTIONS,
        make_room=None,
        patient=False,
    ):
        self._port = port
        self._serve = serve
        self._refuse = refuse
        self._deadlines = deadlines
        self._log = log
        self._budget = budget
        self._limit = limit
        self._make_room = make_room
        self._patient = patient
        self._tasks = []
        self._streams = []
        self._ended = asyncio.Event()  # set when a connection ends
        budget.listeners.append(self)

    def __len__(self):
        return len(self._streams)

    def end_all(self):
        """End every connection; what the socket has already taken is still sent."""
        for stream in self._streams:
            stream.abort()

    async def run(self):
        sock = self._listen()
        try:
            while True:
                await self._readable(sock)
                for _ in range(_BATCH):
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
            sock.listen(limits.CONNECTION_BACKLOG)
        except OSError:
            sock.close()
            raise
        return sock

    async def _readable(self, sock):
        yield core._io_queue.queue_read(sock)

    async def _accept(self, sock):
        """Accept one connection; return False when there is none."""
        try:
            connection, peer = sock.accept()
        except OSError as e:
            if e.errno != EAGAIN:  # the peer has closed it, or no socket is left
                await asyncio.sleep_ms(50)
            return False
        connection.setblocking(False)
        try:
            connection.setsockopt(*NO_DELAY)
        except OSError:  # the peer has closed it
            connection.close()
            return True
        stream = Stream(connection, self._deadlines, peer)
        stream.busy_for(None)
        if self._has_room() or await self._wait_for_room(stream):
            self._streams.append(stream)
            self._tasks.append(asyncio.create_task(self._serve_one(stream)))
        else:
            await self._reject(stream)
        return True

    def _has_room(self):
        if self._has_idle():
            return True
        below_limit = len(self._streams) < self._limit
        return bool(below_limit and self._make_room and self._make_room())

    def _has_idle(self):
        """Return True if a place is free, or is made so by closing an idle connection."""
        if len(self._tasks) >= 2 * self._limit:
            return False
        if len(self._streams) >= self._limit:
            return self.evict()
        return self._budget.free() or self.evict() or self._budget.evict()

    async def _wait_for_room(self, stream):
        """Wait until a connection ends, as those of a page soon do, or is found to be idle."""
        for _ in range(limits.CONNECTION_ROOM_MS // _STEP_MS):
            self._ended.clear()
            try:
                await asyncio.wait_for_ms(self._ended.wait(), _STEP_MS)
            except asyncio.TimeoutError:
                pass
            except asyncio.CancelledError:
                stream.close()
                raise
            if self._has_idle():
                return True
        return self._has_room()

    def evict(self):
        """Close the oldest idle connection; return False if there is none."""
        for stream in self._streams:
            if stream.idle:
                self._streams.remove(stream)
                stream.close()
                return True
        return False

    async def _reject(self, stream):
        try:
            stream.drop_input()
            await self._refuse(stream)
        except OSError:
            pass
        finally:
            stream.close()

    async def _serve_one(self, stream):
        try:
            # from now on, because it may have waited for room that long
            stream.busy_for(None if self._patient else limits.CONNECTION_NEW_MS)
            await self._serve(stream)
        except OSError:  # the peer has gone
            pass
        except Exception as e:  # a bug of ours: log it, and keep the listener
            self._log.error("listener", "port {}: {!r}".format(self._port, e))
        finally:
            stream.close()
            self._tasks.remove(asyncio.current_task())
            self._ended.set()
            if stream in self._streams:
                self._streams.remove(stream)


class Budget:
    """Counts the connections of all `listeners`."""

    def __init__(self, limit):
        self._limit = limit
        self.listeners = []
        self.reserved = 0  # connections fewer, for sockets that are not connections

    @property
    def taken(self):
        return sum(map(len, self.listeners))

    def free(self):
        return self.taken < self._limit - self.reserved

    def evict(self):
        """Close an idle connection of any listener; return False if there is none."""
        return any(listener.evict() for listener in self.listeners)
