"""Simulated network of the board, which carries all of its connections.

The firmware's listeners use free loopback ports. The public ports belong to the runner, which
relays them. Outgoing connections of the board go to one relay port per target. The runner can
therefore stop packets, cut connections and limit their rate, with buffers as small as a chip's.
"""

import asyncio
import errno

from datagrams import DatagramRelay
from errors import UsageError, os_error
from names import NTP, Names
from options import PORTS
from pace import Pace
from relay import Relay, connection, free_port, listener

DNS = 53
_ANY = "0.0.0.0"
_SOCKETS = 10


class Air:
    """Relays both directions while packets flow; resets all connections when the link is lost."""

    def __init__(self, sntp):
        self._sntp = sntp
        self.pace = Pace()
        self._live = False
        self._relays = set()
        self._targets = {}
        self._servers = []
        self._inside = {}  # board port -> loopback port of the firmware's listener
        self._hosts = {}  # board port -> the address it is bound to
        self._names = Names()
        self.has_address = None  # callable (host), set by the world
        self.count_sockets = None  # callable, set by the world: the firmware's open sockets

    def inside(self, port):
        """Return the loopback port of the listener on a board port, or None if unreachable."""
        if not self.pace.flowing or not self.has_address(self._hosts.get(port, _ANY)):
            return None
        return self._inside.get(port)

    async def open(self, public):
        """Listen on the public ports {board port: (name, port or None)}.

        Return {board port: bound port}. Raise UsageError if a requested port is not available.
        """
        bound = {}
        for port, (name, wanted) in public.items():
            try:
                bound[port] = await self._open(port, PORTS[name] if wanted is None else wanted)
            except OSError as exc:
                if wanted is None:
                    bound[port] = await self._open(port, 0)
                    continue
                text = f"cannot listen on port {wanted}: {exc.strerror}; choose another one with "
                text += f"--{name}-port N, or any free port with --{name}-port 0"
                raise UsageError(text) from None
        return bound

    async def _open(self, port, wanted):
        if port == DNS:
            return await DatagramRelay(lambda: self.inside(DNS)).open(wanted)
        server = listener("127.0.0.1", wanted)
        self._servers.append(asyncio.ensure_future(self._serve_public(server, port)))
        return server.getsockname()[1]

    def reset(self):
        """Drop the board's sockets; connected peers receive RST."""
        self._inside.clear()
        self._hosts.clear()
        self._names.reset()
        self.kill_all()
        for _, task in self._targets.values():
            task.cancel()
        self._targets.clear()

    def link(self, packets_flow, links_live):
        """Follow the state of the radio: pass or stop packets, and cut lost connections."""
        self.pace.flow(packets_flow)
        if self._live and not links_live:
            self.kill_all()
        self._live = links_live

    def kill_all(self):
        """Reset all connections (RST)."""
        for task in self._relays:
            task.cancel()

    def controls(self):
        return {"dns": self._names.change}

    # Calls from the firmware

    def calls(self):
        names = "resolve bind connect datagram"
        return {"net." + name: getattr(self, name) for name in names.split()}

    def resolve(self, host, port):
        """Return the address of a host; None until the look-up is done."""
        return self._names.resolve(host, port, self._live and self.pace.flowing)

    def bind(self, port, host=_ANY, taken=None):
        """Return the loopback port for a board port, and True if it is a new one.

        `port` 0 means any free port. `taken` is a new port that another program has bound since.
        """
        if taken and self._inside.get(port or taken) == taken:
            del self._inside[port or taken]
        is_new = port not in self._inside
        if is_new:
            inside = free_port()
            port = port or inside
            self._inside[port] = inside
        self._hosts[port] = host
        return self._inside[port], is_new

    def connect(self, host, port):
        """Return the loopback port of the relay to a target."""
        if host.startswith("127.") and port in self._inside:
            return self._inside[port]
        if not self._live:
            raise os_error(errno.ECONNRESET if host.startswith("127.") else errno.EHOSTUNREACH)
        if (host, port) not in self._targets:
            server = listener("127.0.0.1", 0)
            task = asyncio.ensure_future(self._serve_target(server, host, port))
            self._targets[host, port] = (server.getsockname()[1], task)
        return self._targets[host, port][0]

    def datagram(self, host, port):
        """Return the destination [host, port] of a datagram to this target."""
        if host.startswith("127."):
            return [host, self._inside.get(port, port)]
        if not self._live:
            raise os_error(errno.EHOSTUNREACH)
        return list(self._sntp.address) if port == NTP else [host, port]

    # Connections

    async def _serve_public(self, server, port):
        await self._accept(server, lambda peer: self._reach_board(peer, port))

    async def _serve_target(self, server, host, port):
        await self._accept(server, lambda peer: connection((host, port)))

    async def _accept(self, server, reach):
        loop = asyncio.get_running_loop()
        with server:
            while True:
                near, peer = await loop.sock_accept(server)
                task = asyncio.ensure_future(Relay(near, self.pace).run(reach, peer))
                self._relays.add(task)
                task.add_done_callback(self._relays.discard)

    async def _reach_board(self, peer, port):
        """Connect to the firmware's listener, from the peer's own address if it is loopback."""
        inside = self.inside(port)
        if inside is None or self.count_sockets() >= _SOCKETS:
            raise OSError("the board has no listener on this port, no link or no free socket")
        source = peer[0] if peer[0].startswith("127.") else None
        return await connection(("127.0.0.1", inside), source)
