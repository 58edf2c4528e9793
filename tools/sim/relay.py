"""TCP relay with buffers as small as a chip's."""

import asyncio
import socket
import struct

CHUNK = 16_384
_SOCKET_BUFFER = 16_384  # doubled by the kernel; a stalled viewer blocks the sender after 100 KB
_RESET = struct.pack("ii", 1, 0)


class Relay:
    """Relays one connection; `await pace(size)` blocks while packets are stopped."""

    def __init__(self, near, pace):
        prepare(near)
        self._near = near
        self._pace = pace

    async def run(self, reach, peer):
        """Relay `peer` to the socket of `await reach(peer)`; send RST on failure or cancel."""
        sockets = [self._near]
        try:
            sockets.append(await reach(peer))
            await self._pump_both(*sockets)
        except (OSError, asyncio.CancelledError):
            for sock in sockets:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        finally:
            for sock in sockets:
                sock.close()

    async def _pump_both(self, near, far):
        """Pump both directions until both end or one fails."""
        pumps = [asyncio.ensure_future(self._pump(*way)) for way in ((near, far), (far, near))]
        try:
            done, _ = await asyncio.wait(pumps, return_when=asyncio.FIRST_EXCEPTION)
            for pump in done:
                pump.result()
        finally:  # the loop must release the sockets before they are closed
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(self, source, target):
        loop = asyncio.get_running_loop()
        view = memoryview(bytearray(CHUNK))
        while True:
            size = await loop.sock_recv_into(source, view)
            for start in range(0, size, step := self._pace.step):
                part = view[start : min(start + step, size)]
                await self._pace(len(part))
                await loop.sock_sendall(target, part)
            if not size:
                await self._pace(0)
                target.shutdown(socket.SHUT_WR)
                return


def listener(host, port):
    """Return a listening socket whose connections have small buffers."""
    server = socket.socket()
    try:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _make_small(server)
        server.bind((host, port))
        server.listen(128)
        server.setblocking(False)
    except OSError:
        server.close()
        raise
    return server


async def connection(address, source=None):
    """Connect with small buffers, optionally from the local address `source`."""
    sock = socket.socket()
    try:
        prepare(sock)
        _make_small(sock)
        if source:
            sock.bind((source, 0))
        await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


def prepare(sock):
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _make_small(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SOCKET_BUFFER)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BUFFER)


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]
