"""A connection to a server: look up, connect, TLS; each step off the loop or under a deadline."""

import socket
from errno import EINPROGRESS

from aio.streams import NODELAY, TCP, Stream


class Dialler:
    """Opens streams; `context` makes the TLS context when one is needed."""

    def __init__(self, off_loop, deadlines, connect_ms=10_000):
        self._off_loop = off_loop
        self._deadlines = deadlines
        self._connect_ms = connect_ms

    async def open(self, host, port, context=None):
        """A connected `Stream`. With an SSLContext the handshake happens at the first write.

        The caller's deadline covers the look-up. Raises OSError, ValueError for certificates.
        """
        address = (await self._off_loop.call(socket.getaddrinfo, host, port, 0, 1))[0][-1]
        sock = socket.socket()
        try:
            sock.setblocking(False)
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
            await stream.connected(self._connect_ms)
            sock.setsockopt(TCP, NODELAY, 1)
            if context:
                stream.wrap(context, host)
            return stream
        except BaseException:
            stream.close()
            raise
