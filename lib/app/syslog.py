"""The log to a syslog server over UDP (RFC 3164, facility local0)."""

import asyncio

from micropython import const

_LOOK_MS = const(200)
_FACILITY = const(16 * 8)
_SEVERITY = (3, 6, 7)  # of the log's levels: error, informational, debug
_RETRY_MS = const(30_000)


class Syslog:
    """Follows the log's ring; lines that were overwritten before they could go are skipped."""

    def __init__(self, log, settings, wifi_up, datagrams, name):
        self._log = log
        self._settings = settings
        self._wifi_up = wifi_up
        self._datagrams = datagrams
        self._name = name
        self._next = 0

    async def run(self):
        while True:
            await asyncio.sleep_ms(_LOOK_MS)
            server = self._settings["syslog"]
            if not server:
                self._next = self._log.count
                self._datagrams.close()
                continue
            await self._wifi_up.wait()
            try:
                await self._send(server)
            except OSError:  # it may be back later; telling the log would feed itself
                self._datagrams.close()
                await asyncio.sleep_ms(_RETRY_MS)

    async def _send(self, server):
        for number, level, line in self._log.since(self._next):
            priority = _FACILITY + _SEVERITY[level]
            text = "<{}>{} {}".format(priority, self._name, line)
            await self._datagrams.send(server, text.encode())
            self._next = number + 1
