"""UDP from outside to a port of the board: each caller has a socket to the firmware."""

import asyncio

_MOST_CALLERS = 64


class DatagramRelay(asyncio.DatagramProtocol):
    """Passes datagrams to where `inside()` says the firmware listens, and the answers back."""

    def __init__(self, inside):
        self._inside = inside
        self._callers = {}
        self._transport = None

    async def open(self, port):
        """Listen on loopback; returns the port."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", port)
        )
        return self._transport.get_extra_info("sockname")[1]

    def datagram_received(self, data, addr):
        asyncio.ensure_future(self._pass_on(data, addr))

    async def _pass_on(self, data, caller):
        port = self._inside()
        if port is None:
            return
        if (caller, port) not in self._callers:
            loop = asyncio.get_running_loop()
            if len(self._callers) >= _MOST_CALLERS:
                self._callers.pop(next(iter(self._callers))).close()
            self._callers[caller, port], _ = await loop.create_datagram_endpoint(
                lambda: _Answers(self._transport, caller), remote_addr=("127.0.0.1", port)
            )
        self._callers[caller, port].sendto(data)


class _Answers(asyncio.DatagramProtocol):
    def __init__(self, transport, caller):
        self._transport = transport
        self._caller = caller

    def datagram_received(self, data, addr):
        self._transport.sendto(data, self._caller)
