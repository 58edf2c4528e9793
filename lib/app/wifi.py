"""Keeps the station joined: waiting -> joining -> joined -> waiting; or there is the access point.

The access point (app.portal) stands beside the tries, or, in the state of that name, alone.
"""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from aio.late import borrow
from proto.values import confirmed

_LOOK_MS = const(250)
_GRACE_MS = const(500)  # for the reply to who has asked for the access point
_HOLD_MS = const(300_000)  # as long the tries pause for the access point's clients: one radio


class WiFiLink:
    """`up` is set while there is an address; `reason` says why there is none."""

    def __init__(self, station, settings, log, new_backoff, off_loop, join_ms=15_000):
        self._station = station
        self._settings = settings
        self._log = log
        self._backoff = new_backoff()
        self._off_loop = off_loop
        self._join_ms = join_ms
        self._next = ""  # the state that somebody wants
        self._seen = None  # by the last scan; while joined nobody needs it
        self._network = None  # that was joined last
        self._since = ticks_ms()
        self._offered = False
        self.state = "joining"
        self.reason = ""
        self.joins = 0
        self.up = asyncio.Event()
        self.ap_wanted = asyncio.Event()
        self.ap_address = ""  # the portal keeps these two
        self.ap_clients = 0

    def rejoin(self):
        """Networks or passwords have changed, though maybe not those in use."""
        if self.state != "joined" or self._network not in self._known():
            self._next = "joining"

    def setup(self):
        """Leave the network and open the access point."""
        self._next = "access point"

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

    def configured(self):
        """Whether there is a network to join."""
        return bool(self._known())

    def address(self):
        """The station's IPv4 address, "" without one."""
        return self._station.address()

    def rssi(self):
        """Signal strength in dBm, None without a network."""
        return self._station.rssi()

    async def scan(self):
        """[(ssid, rssi in dBm, secured), ...] of at most 20 networks, strongest first.

        While the station is joining these are the ones that it has just seen.
        """
        if self.state != "joining" or self._seen is None:
            await self._look()
        return borrow("proto.networks").listing(self._seen or ())

    async def run(self):
        try:
            while True:
                self.state = await getattr(self, "_" + self.state.replace(" ", "_"))()
        finally:
            self.up.clear()
            self.state = "joining"

    def _known(self):
        s = self._settings
        return [(s["ssid" + n], s["password" + n]) for n in ("", "2", "3") if s["ssid" + n]]

    async def _look(self):
        """Scan; what cannot be, now, leaves what was seen before."""
        try:
            self._seen = await self._off_loop.call(self._station.scan)
        except OSError as e:
            self._log.info("wifi", "no scan: {}".format(e))

    async def _joining(self):
        """One try for each known network in reach."""
        self._next = ""
        known = self._known()
        if not known:
            self.reason = "ssid is not set"
            return "access point"
        self._station.leave()  # the chip goes on trying by itself, and then cannot scan
        await self._look()
        tries, refused = borrow("proto.networks").tries(known, self._seen or ())
        reasons = [ssid + ": open, but a password is stored" for ssid in refused]
        for ssid, password, bssid in tries:
            self._log.info("wifi", "joining " + ssid)
            if await self._station.join(ssid, password, bssid, self._join_ms):
                self._network = ssid, password
                return "joined"
            why = self._station.why()
            reasons.append(why if len(known) == 1 else ssid + ": " + why)
            self._station.leave()
            if self._next:
                break
        self.reason = "; ".join(reasons)
        self._log.error("wifi", self.reason)
        return "waiting"

    async def _joined(self):
        address = self._station.address()
        self._log.info("wifi", "address " + address)
        self._backoff.reset()
        self.reason = ""
        self.joins += 1
        self._seen = None
        self._offered = False
        self.up.set()
        try:
            while not self._next and self._station.address() == address:
                await asyncio.sleep_ms(_LOOK_MS)
            if self._next == "access point":
                await asyncio.sleep_ms(_GRACE_MS)
        finally:
            self.up.clear()
            self._since = ticks_ms()
        if not self._next:
            self.reason = "address changed" if self._station.joined() else "access point lost"
            self._log.error("wifi", self.reason)
        return self._next or "joining"

    async def _waiting(self):
        delay = self._backoff.next_ms()
        while not self._next and (delay > 0 or self.ap_clients and delay > -_HOLD_MS):
            await asyncio.sleep_ms(_LOOK_MS)
            delay -= _LOOK_MS
            self._fall_back()
        return self._next or "joining"

    def _fall_back(self):
        """Open the access point beside the tries, once for each time without a network.

        A network that refuses the password will hardly think better of it: a third of the time.
        """
        limit_ms = 1_000 * self._settings["apfallback"]
        if "password" in self.reason:
            limit_ms //= 3
        if limit_ms and not self._offered and ticks_diff(ticks_ms(), self._since) >= limit_ms:
            self._offered = True
            self.ap_wanted.set()

    async def _access_point(self):
        """No tries: there is no network's name, or somebody wants to set the camera up."""
        self._next = ""
        self._station.leave()
        self.ap_wanted.set()
        while not self._next and self.ap_wanted.is_set():
            await asyncio.sleep_ms(_LOOK_MS)
        return "joining"
