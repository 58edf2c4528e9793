"""Keeps the station joined: waiting -> joining -> joined -> waiting."""

import asyncio

from micropython import const

_LOOK_MS = const(250)


class WiFiLink:
    """`up` is set while there is an address; `reason` says why there is none."""

    def __init__(self, station, settings, log, new_backoff, join_ms=15_000):
        self._station = station
        self._settings = settings
        self._log = log
        self._backoff = new_backoff()
        self._join_ms = join_ms
        self._anew = False
        self.state = "joining"
        self.reason = ""
        self.joins = 0
        self.up = asyncio.Event()

    ap_open = False
    ap_address = ""

    async def scan(self):
        """Networks in reach."""
        return []

    def rejoin(self):
        """Network or password have changed."""
        self._anew = True

    def address(self):
        """The station's IPv4 address, "" without one."""
        return self._station.address()

    def rssi(self):
        """Signal strength in dBm, None without a network."""
        return self._station.rssi()

    async def run(self):
        try:
            while True:
                self.state = await getattr(self, "_" + self.state)()
        finally:
            self.up.clear()
            self.state = "joining"

    async def _joining(self):
        self._anew = False
        ssid = self._settings["ssid"]
        if not ssid:
            self.reason = "ssid is not set"
            return "waiting"
        self._log.info("wifi", "joining " + ssid)
        if await self._station.join(ssid, self._settings["password"], self._join_ms):
            return "joined"
        self.reason = self._station.why()
        self._log.error("wifi", self.reason)
        self._station.leave()
        return "waiting"

    async def _joined(self):
        address = self._station.address()
        self._log.info("wifi", "address " + address)
        self._backoff.reset()
        self.reason = ""
        self.joins += 1
        self.up.set()
        try:
            while not self._anew and self._station.address() == address:
                await asyncio.sleep_ms(_LOOK_MS)
        finally:
            self.up.clear()
        if not self._anew:
            self.reason = "address changed" if self._station.joined() else "access point lost"
            self._log.error("wifi", self.reason)
        return "joining"

    async def _waiting(self):
        delay = self._backoff.next_ms()
        while delay > 0 and not self._anew:
            await asyncio.sleep_ms(_LOOK_MS)
            delay -= _LOOK_MS
        return "joining"
