"""UDP relay to a port of the board, with one socket to the firmware per client."""

import asyncio

_MAX_CLIENTS = 64


class DatagramRelay(asyncio.DatagramProtocol):
    """Relays datagrams to the firmware's port `inside()` (None: drop), and the replies back."""

    def __init__(self, inside):
        self._inside = inside
        self._clients = {}
        self._transport = None

    async def open(self, port):
        """Listen on loopback; return the bound port."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", port)
        )
        return self._transport.get_extra_info("sockname")[1]

    def datagram_received(self, data, addr):
        asyncio.ensure_future(self._relay(data, addr))

    async def _relay(self, data, client):
        port = self._inside()
        if port is None:
            return
        if (client, port) not in self._clients:
            loop = asyncio.get_running_loop()
            if len(self._clients) >= _MAX_CLIENTS:
                self._clients.pop(next(iter(self._clients))).close()
            self._clients[client, port], _ = await loop.create_datagram_endpoint(
                lambda: _Replies(self._transport, client), remote_addr=("127.0.0.1", port)
            )
        self._clients[client, port].sendto(data)


class _Replies(asyncio.DatagramProtocol):
    def __init__(self, transport, client):
        self._transport = transport
        self._client = client

    def datagram_received(self, data, addr):
        self._transport.sendto(data, self._client)
