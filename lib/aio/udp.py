"""Datagrams out: looked up off the loop, sent without waiting."""

import socket


class Datagrams:
    """Sends to one `host:port` at a time; what cannot be sent is lost, as datagrams are."""

    def __init__(self, off_loop, default_port):
        self._off_loop = off_loop
        self._default_port = default_port
        self._target = ""
        self._address = self._sock = None

    async def send(self, target, data):
        """`target` is `host` or `host:port`. Raises OSError when it cannot be looked up."""
        if target != self._target:
            self.close()
            host, _, port = target.partition(":")
            found = await self._off_loop.call(
                socket.getaddrinfo, host, int(port) if port.isdigit() else self._default_port
            )
            self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._sock.setblocking(False)
            self._address = found[0][-1]
            self._target = target
        self._sock.sendto(data, self._address)

    def close(self):
        self._target = ""
        if self._sock:
            self._sock.close()
            self._sock = None
