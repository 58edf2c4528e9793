"""Sends the log to a syslog server over UDP (RFC 3164, facility local0)."""

import asyncio
import socket

from micropython import const

from config import limits

_PORT = const(514)
_POLL_MS = const(200)
_FACILITY = const(16 * 8)
_SEVERITY = (3, 6, 7)  # of the log's levels: error, informational, debug


class Syslog:
    """Sends all lines that the log has kept, then new ones; idle while `syslog` is empty.

    Lines that the log has dropped before they could be sent are skipped.
    """

    def __init__(self, log, settings, wifi_up, off_loop, name, datagrams=None):
        self._log = log
        self._settings = settings
        self._wifi_up = wifi_up
        self._datagrams = datagrams or Datagrams(off_loop, _PORT)
        self._name = name
        self._next = 0  # number of the line to send next

    async def run(self):
        while True:
            while not self._settings["syslog"]:
                await asyncio.sleep_ms(_POLL_MS)
            self._next = 0
            try:
                await self._follow()
            finally:
                self._datagrams.close()

    async def _follow(self):
        """Send until the setting is empty."""
        while self._settings["syslog"]:
            await self._wifi_up.wait()
            try:
                await self._send(self._settings["syslog"])
            except OSError:  # not logged, as that would make another line to send
                self._datagrams.close()
                await asyncio.sleep_ms(limits.SYSLOG_PAUSE_MS)
            await asyncio.sleep_ms(_POLL_MS)

    async def _send(self, server):
        for number, level, line in self._log.since(self._next):
            priority = _FACILITY + _SEVERITY[level]
            text = "<{}>{} {}".format(priority, self._name, line)
            await self._datagrams.send(server, text.encode())
            self._next = number + 1


class Datagrams:
    """Sends datagrams to one `host:port` at a time; none is acknowledged."""

    def __init__(self, off_loop, default_port):
        self._off_loop = off_loop
        self._default_port = default_port
        self._target = ""
        self._address = self._sock = None

    async def send(self, target, data):
        """Send to `host` or `host:port`; raises OSError if the name is not found."""
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
