"""What there is while the access point is open: its radio, a name server, answers to probes."""

import asyncio
import socket
from asyncio import core
from errno import EBADF

from micropython import const

from aio.late import borrow
from aio.tasks import finish

_LOOK_MS = const(250)
_IDLE_MS = const(600_000)
_RETRY_MS = const(5_000)
_DNS_PORT = const(53)
_HOME = "/connecttest.txt"  # Windows opens what this one leads to, and wants it to be elsewhere
_NOTHING = ("/wpad.dat", "/favicon.ico")  # asked for again and again by who gets a page for it
_FINE = ("/success.txt", "/chrome-variations/seed", "/service/update2/json")


class APMode:
    """One time that the access point is open: `run` ends when it is closed again."""

    def __init__(self, wifi, settings, log, radio, idle_ms=_IDLE_MS, port=_DNS_PORT):
        self._wifi = wifi
        self._settings = settings
        self._log = log
        self._radio = radio
        self._idle_ms = idle_ms
        self._port = port
        self._is = self._wanted()

    def _wanted(self):
        return tuple(self._settings[name] for name in ("apip", "appass", "apchannel"))

    def answer(self, path):
        """(status, location or "") for a path that nobody serves."""
        if path in _NOTHING:
            return 404, ""
        if path in _FINE:
            return 200, ""
        if path == _HOME:
            return 302, "http://logout.net/"
        return 302, "http://{}/".format(self._is[0])

    async def run(self):
        """Until a network is joined, or nobody has come for ten minutes; or to be opened anew."""
        wifi = self._wifi
        names = asyncio.create_task(self._serve_names())  # it begins when this one waits
        try:
            self._radio.open(*self._is)
            wifi.ap_address = self._is[0]
            kind = "WPA2" if self._is[1] else "no password"
            self._log.info("ap", "open at {}, {}".format(self._is[0], kind))
            if await self._stay():
                wifi.ap_wanted = False
        finally:
            wifi.ap_address = ""
            wifi.ap_clients = 0
            await finish(names)
            self._radio.close()
            self._log.info("ap", "closed")

    async def _stay(self):
        """True when it is no longer wanted, False when it is wanted otherwise."""
        wifi, idle_ms = self._wifi, 0
        while not wifi.up.is_set() and idle_ms < self._idle_ms:
            if self._wanted() != self._is:
                return False
            wifi.ap_clients = self._radio.clients()
            idle_ms = 0 if wifi.ap_clients or not wifi.known() else idle_ms + _LOOK_MS
            await asyncio.sleep_ms(_LOOK_MS)
        return True

    async def _serve_names(self):
        """The name server; a failure of its socket is not the end of it."""
        dns = borrow("proto.dns")
        server = dns.NameServer(bytes(int(part) for part in self._is[0].split(".")))
        while True:
            try:
                await self._answer_all(server, dns.MOST_QUERY)
            except OSError as e:  # no socket left, or none that works
                self._log.error("ap", "name server: {}".format(e))
            await asyncio.sleep_ms(_RETRY_MS)

    async def _answer_all(self, server, most):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            # what is sent to the access point's own address, and nothing else, gets here
            sock.bind(socket.getaddrinfo(self._is[0], self._port)[0][-1])
            while True:
                await self._readable(sock)
                try:
                    query, peer = sock.recvfrom(most)
                    reply = server.answer(query)
                    if reply:
                        sock.sendto(reply, peer)
                except OSError as e:  # who has asked is gone, or it was nothing: they ask again
                    if e.errno == EBADF:
                        raise
        finally:
            sock.close()

    async def _readable(self, sock):
        yield core._io_queue.queue_read(sock)
