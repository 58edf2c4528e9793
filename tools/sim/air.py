"""The network between the board and the world: every connection of the board passes here.

The firmware's listeners are on free loopback ports of their own; the public ports belong to the
runner, which relays. The board's own connections go to a relay port per target. So the air can
hold packets back, cut connections, slow them and count them, with buffers as small as a chip's.
"""

import asyncio
import socket
import struct
import time

from errors import os_error

_CHUNK = 16_384
_SOCKET_BUFFER = 16_384  # the kernel doubles it; a viewer that stops is felt after some 100 KB
_RESET = struct.pack("ii", 1, 0)
HOST_UNREACHABLE, DNS_FAILURE = 118, -202
_TIME_SERVER = "192.0.2.123"  # any host, port 123: the runner's own server answers


class Air:
    """Relays both ways while packets flow, and kills all connections when the link is lost."""

    def __init__(self, public, sntp, latency_ms=0):
        self._public = public  # board port -> public port
        self._sntp = sntp
        self._latency_ms = latency_ms
        self._rate_kbps = None
        self._line_free = 0
        self.flow = asyncio.Event()
        self._live = False
        self._relays = set()
        self._targets = {}
        self._servers = []
        self._inside = {}  # board port -> loopback port of the firmware's listener
        self.count_sockets = None  # set by the power supply: how many the firmware has open

    @property
    def chunk(self):
        return 1_460 if self._rate_kbps else _CHUNK

    def inside(self, port):
        """The loopback port where the firmware listens for this port of the board, or None."""
        return self._inside.get(port)

    async def open(self):
        """Listen on the public ports; returns board port -> public port as bound."""
        bound = {}
        for port, public in self._public.items():
            server = listener("127.0.0.1", public)
            bound[port] = server.getsockname()[1]
            self._servers.append(asyncio.ensure_future(self._serve_public(server, port)))
        return bound

    def reset(self):
        """Forget the board's sockets; whoever was connected gets RST."""
        self._inside.clear()
        self.kill_all()
        for server in self._targets.values():
            server[1].cancel()
        self._targets.clear()

    def link(self, packets_flow, links_live):
        """Follow the radio: hold packets back, or cut everything."""
        (self.flow.set if packets_flow else self.flow.clear)()
        if self._live and not links_live:
            self.kill_all()
        self._live = links_live

    def kill_all(self):
        """End all connections by RST."""
        for task in self._relays:
            task.cancel()

    async def _carry(self, size):
        """Take the time that the slowed line needs for so many bytes; wait while it is cut."""
        await self.flow.wait()
        if self._rate_kbps:
            now = time.monotonic()
            self._line_free = max(self._line_free, now) + size / (125 * self._rate_kbps)
            await asyncio.sleep(self._line_free - now)
        if self._latency_ms:
            await asyncio.sleep(self._latency_ms / 1000)

    # What the firmware does

    def calls(self):
        return {
            "net.resolve": self.resolve,
            "net.bind": self.bind,
            "net.connect": self.connect,
            "net.datagram": self.datagram,
        }

    async def resolve(self, host, port):
        """Look a name up; addresses need no network, names do."""
        try:
            socket.inet_aton(host)
            if host.count(".") == 3:
                return host
        except OSError:
            pass
        if not self._live or not self.flow.is_set():
            raise os_error(DNS_FAILURE)
        if port == 123:
            return _TIME_SERVER
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, family=socket.AF_INET)
        except OSError:
            raise os_error(DNS_FAILURE) from None
        return found[0][4][0]

    def bind(self, port):
        """The loopback port that stands for a port of the board."""
        if port not in self._inside:
            self._inside[port] = free_port()
        return self._inside[port]

    def connect(self, host, port):
        """The loopback port through which the board reaches a target."""
        if host.startswith("127.") and port in self._inside:
            return self._inside[port]
        if not self._live:
            raise os_error(HOST_UNREACHABLE)
        if (host, port) not in self._targets:
            server = listener("127.0.0.1", 0)
            task = asyncio.ensure_future(self._serve_target(server, host, port))
            self._targets[host, port] = (server.getsockname()[1], task)
        return self._targets[host, port][0]

    def datagram(self, host, port):
        """Where a datagram to this target goes: [host, port]."""
        if host.startswith("127.") and port in self._inside:
            return [host, self._inside[port]]
        if not self._live:
            raise os_error(HOST_UNREACHABLE)
        return list(self._sntp.address) if port == 123 else [host, port]

    # How connections come about

    async def _serve_public(self, server, port):
        await self._accept(server, lambda peer: self._reach_board(peer, port))

    async def _serve_target(self, server, host, port):
        await self._accept(server, lambda peer: connection((host, port)))

    async def _accept(self, server, reach):
        loop = asyncio.get_running_loop()
        with server:
            while True:
                near, peer = await loop.sock_accept(server)
                task = asyncio.ensure_future(self._relay(near, reach(peer)))
                self._relays.add(task)
                task.add_done_callback(self._relays.discard)

    async def _relay(self, near, reaching):
        """Carry one connection to its end; a failure on one side is RST on the other."""
        prepare(near)
        sockets = [near]
        try:
            sockets.append(await reaching)
            await self._pump_both(*sockets)
        except (OSError, asyncio.CancelledError):
            for sock in sockets:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        finally:
            for sock in sockets:
                sock.close()

    async def _pump_both(self, near, far):
        """Pump both directions until both have ended, or one has failed."""
        pumps = [asyncio.ensure_future(self._pump(*way)) for way in ((near, far), (far, near))]
        try:
            done, _ = await asyncio.wait(pumps, return_when=asyncio.FIRST_EXCEPTION)
            for pump in done:
                pump.result()
        finally:  # the loop must have let go of the sockets before they are closed
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(self, source, target):
        loop = asyncio.get_running_loop()
        view = memoryview(bytearray(_CHUNK))
        while True:
            size = await loop.sock_recv_into(source, view[: self.chunk])
            await self._carry(size)
            if not size:
                target.shutdown(socket.SHUT_WR)
                return
            await loop.sock_sendall(target, view[:size])

    async def _reach_board(self, peer, port):
        """Connect to the firmware's listener, from the caller's own address where that is ours."""
        inside = self._inside.get(port)
        if inside is None or not self.flow.is_set() or self.count_sockets() >= 10:
            raise OSError("the board has no such listener, no link or no socket left")
        source = peer[0] if peer[0].startswith("127.") else None
        return await connection(("127.0.0.1", inside), source)

    # What the laboratory does

    def controls(self):
        return {"net": self.change}

    def change(self, rate_kbps=None, latency_ms=0):
        """Slow every relayed byte down: kilobits a second (None: no limit) and a delay."""
        self._rate_kbps = rate_kbps
        self._latency_ms = latency_ms


def listener(host, port):
    """A listening socket whose connections start with small buffers."""
    server = socket.socket()
    try:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SOCKET_BUFFER)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BUFFER)
        server.bind((host, port))
        server.listen(128)
        server.setblocking(False)
    except OSError:
        server.close()
        raise
    return server


async def connection(address, source=None):
    """Connect with small buffers, from a chosen local address."""
    sock = socket.socket()
    prepare(sock)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SOCKET_BUFFER)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BUFFER)
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


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]
