"""Connections to servers: look-up, connect, TLS; no step blocks the loop or lacks a deadline."""

import socket
from errno import EINPROGRESS

from aio.streams import NO_DELAY, Stream
from config import limits


class Connector:
    """Opens streams to servers."""

    def __init__(self, off_loop, deadlines, connect_ms=limits.CONNECT_MS):
        self._off_loop = off_loop
        self._deadlines = deadlines
        self._connect_ms = connect_ms

    async def connect(self, host, port, context=None):
        """Return a connected `Stream`; with an SSLContext its first `send` does the handshake.

        The look-up needs a deadline of the caller's. Raises OSError, ValueError for certificates.
        """
        address = (await self._off_loop.call(socket.getaddrinfo, host, port, 0, 1))[0][-1]
        sock = socket.socket()
        try:
            sock.setblocking(False)
            sock.setsockopt(*NO_DELAY)  # lwIP: EINVAL after a failed connect
            try:
                sock.connect(address)
            except OSError as e:
                if e.errno != EINPROGRESS:
                    raise
            stream = Stream(sock, self._deadlines)
        except Exception:
            sock.close()
            raise
        try:
            await stream.wait_connected(self._connect_ms)
            if context:
                stream.wrap(context, host)
            return stream
        except BaseException:
            stream.close()
            raise
