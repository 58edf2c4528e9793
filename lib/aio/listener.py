"""Accepts connections up to a limit; each is served by a task that ends with it."""

import asyncio
import socket
from asyncio import core

from aio.streams import Stream
from aio.tasks import finish


class Listener:
    """`await serve(stream)` for every connection on `port`; the stream is closed afterwards.

    Beyond `limit` connections the oldest one that is still `idle` has to go; where all are at
    work `refuse(stream)`, which has to be quick, turns the new one away.
    """

    def __init__(self, port, serve, refuse, deadlines, log, limit=6):
        self._port = port
        self._serve = serve
        self._refuse = refuse
        self._deadlines = deadlines
        self._log = log
        self._limit = limit
        self._tasks = []
        self._streams = []

    def __len__(self):
        return len(self._tasks)

    async def run(self):
        sock = self._listen()
        try:
            while True:
                await self._readable(sock)
                await self._accept(sock)
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
            sock.listen(self._limit)
        except OSError:
            sock.close()
            raise
        return sock

    async def _readable(self, sock):
        yield core._io_queue.queue_read(sock)

    async def _accept(self, sock):
        try:
            connection, peer = sock.accept()
        except OSError:  # it is gone already, or no socket is left: the others go on
            await asyncio.sleep_ms(50)
            return
        connection.setblocking(False)
        stream = Stream(connection, self._deadlines, peer)
        if len(self._tasks) >= self._limit and not self._evict():
            await self._turn_away(stream)
        else:
            self._streams.append(stream)
            self._tasks.append(asyncio.create_task(self._one(stream)))

    def _evict(self):
        for stream in self._streams:
            if stream.idle:
                self._streams.remove(stream)
                stream.abort()
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
            self._tasks.remove(asyncio.current_task())
            if stream in self._streams:
                self._streams.remove(stream)
