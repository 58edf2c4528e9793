"""The log to a syslog server over UDP (RFC 3164, facility local0)."""

import asyncio

from micropython import const

from aio.udp import Datagrams

_PORT = const(514)
_LOOK_MS = const(200)
_FACILITY = const(16 * 8)
_SEVERITY = (3, 6, 7)  # of the log's levels: error, informational, debug
_RETRY_MS = const(30_000)


class Syslog:
    """Follows the log's ring, from the oldest line that it has; ends when the setting is empty.

    Lines that were overwritten before they could go are skipped.
    """

    def __init__(self, log, settings, wifi_up, off_loop, name, datagrams=None):
        self._log = log
        self._settings = settings
        self._wifi_up = wifi_up
        self._datagrams = datagrams or Datagrams(off_loop, _PORT)
        self._name = name
        self._next = 0

    async def run(self):
        try:
            while self._settings["syslog"]:
                await self._wifi_up.wait()
                try:
                    await self._send(self._settings["syslog"])
                except OSError:  # it may be back later; telling the log would feed itself
                    self._datagrams.close()
                    await asyncio.sleep_ms(_RETRY_MS)
                await asyncio.sleep_ms(_LOOK_MS)
        finally:
            self._datagrams.close()

    async def _send(self, server):
        for number, level, line in self._log.since(self._next):
            priority = _FACILITY + _SEVERITY[level]
            text = "<{}>{} {}".format(priority, self._name, line)
            await self._datagrams.send(server, text.encode())
            self._next = number + 1
