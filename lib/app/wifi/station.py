"""Keeps the station joined: waiting -> joining -> joined -> waiting; or there is the access point.

What is done without a network is in app.wifi.joining, borrowed for as long, as is the access point
(app.wifi.portal). It stands beside the tries, or, in the state of that name, alone.
"""

import asyncio
from time import ticks_ms

from micropython import const

from aio.late import borrow
from proto.values import confirmed

_LOOK_MS = const(250)
_GRACE_MS = const(500)  # for the reply to who has asked for the access point
_AP = "access point"


class WiFiLink:
    """`up` is set while there is an address; `reason` says why there is none."""

    def __init__(self, station, settings, log, new_backoff, off_loop, ap=None, join_ms=15_000):
        self.station = station
        self.settings = settings
        self.log = log
        self.backoff = new_backoff()
        self.off_loop = off_loop
        self.ap = ap  # module of the access point's hardware, its name in the air
        self.join_ms = join_ms
        self.next = ""  # the state that somebody wants
        self.seen = None  # by the last scan; while joined nobody needs it
        self.network = None  # (ssid, password) that was joined last
        self.since = ticks_ms()  # without a network
        self.offered = False  # the access point, since then
        self.state = "joining"
        self.reason = ""
        self.joins = 0
        self.up = asyncio.Event()
        self.portal = self.ap_task = None
        self.ap_wanted = False
        self.ap_address = ""  # the portal keeps these two
        self.ap_clients = 0

    def rejoin(self):
        """Networks or passwords have changed, though maybe not those in use."""
        if self.state != "joined" or self.network not in self.known():
            self.next = "joining"

    def setup(self):
        """Leave the network and open the access point."""
        self.next = _AP

    def cmd_smartconfig(self, argument):
        confirmed(argument, "open the access point")
        self.setup()
        return "Smartconfig started"

    @property
    def ap_open(self):
        """Whether requests come through the access point.

        All of them do, or none: it is never served while the station is up. (Sockets of the chip
        do not tell which interface a connection came by.)
        """
        return bool(self.ap_address) and not self.up.is_set()

    def answer(self, path):
        """How to answer a path that nobody serves: (status, location or ""), None = as always.

        The probes by which phones and PCs look for a login page; also right for any request whose
        Host is not the camera's own.
        """
        return self.portal.answer(path) if self.portal and self.ap_open else None

    def known(self):
        """[(ssid, password), ...] of the networks to join."""
        s = self.settings
        return [(s["ssid" + n], s["password" + n]) for n in ("", "2", "3") if s["ssid" + n]]

    def address(self):
        """The station's IPv4 address, "" without one."""
        return self.station.address()

    def rssi(self):
        """Signal strength in dBm, None without a network."""
        return self.station.rssi()

    async def scan(self):
        """[(ssid, rssi in dBm, secured), ...] of at most 20 networks, strongest first.

        While the station is joining these are the ones that it has just seen.
        """
        return await borrow("app.wifi.joining").listing(self)

    async def run(self):
        try:
            while True:
                if self.state == "joined":
                    self.state = await self._joined()
                else:
                    name = self.state.replace(" ", "_")
                    self.state = await getattr(borrow("app.wifi.joining"), name)(self)
        finally:
            self.up.clear()
            self.state = "joining"
            if self.ap_task:
                self.ap_task.cancel()

    async def _joined(self):
        address = self.station.address()
        self.log.info("wifi", "address " + address)
        self.backoff.reset()
        self.reason = ""
        self.joins += 1
        self.seen = None
        self.offered = False
        self.up.set()
        try:
            while not self.next and self.station.address() == address:
                await asyncio.sleep_ms(_LOOK_MS)
            if self.next == _AP:
                await asyncio.sleep_ms(_GRACE_MS)
        finally:
            self.up.clear()
            self.since = ticks_ms()
        if not self.next:
            self.reason = "address changed" if self.station.joined() else "access point lost"
            self.log.error("wifi", self.reason)
        return self.next or "joining"
