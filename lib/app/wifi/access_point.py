"""The camera's own access point: radio, name server, client count."""

import asyncio
import socket
from asyncio import core
from errno import EBADF

from micropython import const

from aio.tasks import finish
from config import limits
from proto.dns import NameServer

_POLL_MS = const(250)
_DNS_PORT = const(53)


class AccessPoint:
    """Serves the access point for as long as `run` runs.

    `address` is "" while it is closed; `clients` have joined. `known()` lists the networks that
    the camera could join instead.
    """

    def __init__(self, radio, settings, log, known, idle_ms=limits.AP_IDLE_MS, dns_port=_DNS_PORT):
        self._radio = radio
        self._settings = settings
        self._log = log
        self._known = known
        self._idle_ms = idle_ms
        self._dns_port = dns_port
        self.address = ""
        self.clients = 0

    async def run(self):
        """Keep the access point open; return once it has been idle while networks are known.

        A change of its settings closes and reopens it; a failing radio is retried.
        """
        idle = False
        while not idle:
            try:
                idle = await self._serve(self._config())
            except OSError as e:
                self._log.error("ap", "cannot open: {}".format(e))
                await asyncio.sleep_ms(limits.AP_PAUSE_MS)

    def _config(self):
        return tuple(self._settings[name] for name in ("apip", "appass", "apchannel"))

    async def _serve(self, config):
        """Open the access point, and close it at the end; return what `_stay` returns."""
        address, password, _ = config
        try:
            self._radio.open(*config)
            kind = "WPA2" if password else "no password"
            self._log.info("ap", "open at {}, {}".format(address, kind))
            self.address = address
            dns = asyncio.create_task(self._serve_dns(address))
            try:
                return await self._stay(config)
            finally:
                self.address = ""
                self.clients = 0
                await finish(dns)
                self._log.info("ap", "closed")
        finally:
            self._radio.close()

    async def _stay(self, config):
        """Return True after `idle_ms` without a client, False after a change of the settings."""
        idle_ms = 0
        while idle_ms < self._idle_ms:
            if self._config() != config:
                return False
            self.clients = self._radio.clients()
            idle_ms = 0 if self.clients or not self._known() else idle_ms + _POLL_MS
            await asyncio.sleep_ms(_POLL_MS)
        return True

    async def _serve_dns(self, address):
        """Answer DNS queries for ever; a socket that fails is replaced."""
        server = NameServer(bytes(int(part) for part in address.split(".")))
        while True:
            try:
                await self._answer_queries(server, address)
            except (OSError, MemoryError) as e:  # no socket is left, or it failed
                self._log.error("ap", "name server: {}".format(e))
            await asyncio.sleep_ms(limits.DNS_PAUSE_MS)

    async def _answer_queries(self, server, address):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            # only queries sent to the access point's own address arrive here
            sock.bind(socket.getaddrinfo(address, self._dns_port)[0][-1])
            while True:
                await self._readable(sock)
                try:
                    query, peer = sock.recvfrom(limits.DNS_QUERY_BYTES)
                    reply = server.answer(query)
                    if reply:
                        sock.sendto(reply, peer)
                except OSError as e:  # the client has gone, or no packet is there: it will retry
                    if e.errno == EBADF:
                        raise
        finally:
            sock.close()

    async def _readable(self, sock):
        yield core._io_queue.queue_read(sock)
