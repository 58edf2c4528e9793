"""Keeps the station joined: joining -> joined -> joining, with pauses in the state "waiting".

The access point is open between the attempts once they have failed for long, or alone in the state
"access point": when no network is set, or when a user wants to set up the camera.
"""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from aio.tasks import finish
from app.wifi.networks import known, static_address
from app.wifi.scan import Choice, listing, stronger
from config import limits
from proto.values import confirmed

_POLL_MS = const(250)
_GRACE_MS = const(500)  # for the reply to the request that opens the access point
_SCAN_RETRY_MS = const(500)  # the chip needs a moment to leave a network
_ACCESS_POINT = "access point"


class WiFiLink:
    """`up` is set while there is an address; `reason` says why there is none.

    `radio` is the hardware of the access point. It is never open while `up` is set: a socket does
    not say by which interface its connection came, so all requests come by the same one.
    """

    def __init__(
        self, station, radio, settings, log, new_backoff, off_loop, join_ms=limits.WIFI_JOIN_MS
    ):
        self._station = station
        self._radio = radio
        self._settings = settings
        self._log = log
        self._backoff = new_backoff()
        self._off_loop = off_loop
        self._join_ms = join_ms
        self._next = ""  # the state that a command or a changed setting requests
        self._seen = None  # rows of the last scan; None: none since the last join
        self.remembered = None  # rows instead of the first scan, which takes 2.5 s
        self._choice = Choice()
        self._lost_at = ticks_ms()
        self._offered = False  # the access point was opened since then
        self._candidate = None  # (ssid, password) to join in place of the known networks
        self._tried = asyncio.Event()  # the candidate was joined, or could not be
        self._ap = self._ap_task = None
        self.state = "joining"
        self.reason = ""
        self.joins = 0
        self.network = None  # (ssid, password) of the last join
        self.bssid = None  # of its access point, if a scan has shown it
        self._used = None  # static_address then
        self.up = asyncio.Event()

    @property
    def ap_open(self):
        """True while requests come by the access point."""
        return bool(self.ap_address)

    @property
    def ap_address(self):
        """The access point's IPv4 address, "" while it is closed."""
        return self._ap.address if self._ap else ""

    @property
    def ap_clients(self):
        """Number of clients that have joined the access point."""
        return self._ap.clients if self._ap else 0

    def address(self):
        """Return the station's IPv4 address, "" without one."""
        return self._station.address()

    def rssi(self):
        """Return the signal strength in dBm, None without a network."""
        return self._station.rssi()

    def known(self):
        """Return [(ssid, password), ...] of the networks to join."""
        return [self._candidate] if self._candidate else known(self._settings)

    def rejoin(self):
        """Join again after a change of the settings, unless what is in use is still right."""
        is_known = self.network in self.known() and self._used == static_address(self._settings)
        if self.state != "joined" or not is_known:
            self._next = "joining"

    async def attempt(self, ssid, password, limit_ms):
        """Join a network that is not in the settings; return "" or the reason why it failed.

        After a failure, the known networks are joined again, unless a user has opened the access
        point meanwhile. After a success, the caller saves the network before it awaits anything.
        """
        candidate = self._candidate = ssid, password
        self._tried.clear()
        self.rejoin()
        try:
            if not self._uses(candidate):
                await asyncio.wait_for_ms(self._tried.wait(), limit_ms)
            return "" if self._uses(candidate) else self.reason or "not joined"
        except asyncio.TimeoutError:
            return "not joined within {} s".format(limit_ms // 1_000)
        finally:
            self._candidate = None
            if not self._uses(candidate) and _ACCESS_POINT not in (self.state, self._next):
                self.rejoin()

    def _uses(self, network):
        return self.up.is_set() and self.network == network

    def setup(self):
        """Leave the network and open the access point."""
        self._next = _ACCESS_POINT

    def cmd_smartconfig(self, argument):
        confirmed(argument, "open the access point")
        self.setup()
        return "Smartconfig started"

    async def scan(self):
        """Return [(ssid, rssi in dBm, secured), ...] of at most 20 networks, strongest first.

        The station cannot scan while it is joining; then these are the ones that it has just seen.
        """
        if self.state != "joining" or self._seen is None:
            await self._scan()
        found = listing(self._seen or ())
        if self.state == "joined":
            self._seen = None
        return found

    async def stronger(self):
        """Scan; return the BSSID of an access point of this network that is 10 dB stronger."""
        least = (self.rssi() or 0) + limits.WIFI_ROAM_DB
        if self.state == "joined" and self.bssid:
            await self._scan()
            rows, self._seen = self._seen or (), None
            return stronger(rows, self.network[0], self.bssid, least)

    def roam(self, bssid):
        """Join another access point of this network."""
        self._choice.preferred = bssid
        self._next = "joining"

    async def run(self):
        states = {
            "joining": self._joining,
            "joined": self._joined,
            "waiting": self._waiting,
            _ACCESS_POINT: self._access_point,
        }
        try:
            while True:
                self.state = await states[self.state]()
        finally:
            self.up.clear()
            self.state = "joining"
            self._offered = False
            await self._close_ap()

    async def _joining(self):
        """Try each known network in range once."""
        if self._next == _ACCESS_POINT:
            return self._next
        self._next = ""
        wanted = self.known()
        if not wanted:
            self.reason = "ssid is not set"
            return _ACCESS_POINT
        self._station.leave()  # the chip keeps trying by itself, and cannot scan meanwhile
        if self.remembered:
            self._seen, self.remembered = self.remembered, None
        else:
            await self._scan()
        networks, refused = self._choice.order(wanted, self._seen or ())
        reasons = [ssid + ": open, but a password is stored" for ssid in refused]
        for ssid, password, bssid in networks:
            self._log.info("wifi", "joining " + ssid)
            failure = await self._join(ssid, password, bssid)
            if not failure:
                self.network, self.bssid = (ssid, password), bssid
                return "joined"
            self._log.debug("wifi", "{}: {}", ssid, failure)
            self._choice.note_failed(bssid)
            failure = failure if len(wanted) == 1 else ssid + ": " + failure
            if failure not in reasons:
                reasons.append(failure)
            if self._next:
                break
        self.reason = "; ".join(reasons)
        self._log.error("wifi", self.reason)
        if wanted == [self._candidate]:
            self._tried.set()
        return "waiting"

    async def _scan(self):
        """Remember the networks in range; if the scan fails, keep those of the last one."""
        for _ in range(2):
            try:
                self._seen = await self._off_loop.call(self._station.scan)
                self._log.debug("wifi", "{} access points in range", len(self._seen))
                return
            except OSError as e:
                self._log.info("wifi", "the scan failed: {}".format(e))
            await asyncio.sleep_ms(_SCAN_RETRY_MS)

    async def _join(self, ssid, password, bssid):
        """Join one network; return "" or the reason why it failed."""
        try:
            self._used = used = static_address(self._settings)
            if await self._station.join(ssid, password, bssid, self._join_ms, used):
                return ""
            failure = self._station.failure()
        except OSError as e:  # the radio refuses
            failure = str(e)
        self._station.leave()
        return failure

    async def _joined(self):
        """Watch the link until it is lost or another state is requested."""
        await self._close_ap()
        address = self._station.address()
        self._log.info("wifi", "address " + address)
        self._backoff.reset()
        self.reason = ""
        self.joins += 1
        self._seen = None
        self._offered = False
        self.up.set()
        if self.network == self._candidate:
            self._tried.set()
        try:
            while not self._next and self._station.address() == address:
                await asyncio.sleep_ms(_POLL_MS)
            if self._next == _ACCESS_POINT:
                await asyncio.sleep_ms(_GRACE_MS)
        finally:
            self.up.clear()
            self._lost_at = ticks_ms()
        if not self._next:
            self.reason = "address changed" if self._station.joined() else "access point lost"
            self._log.error("wifi", self.reason)
        return self._next or "joining"

    async def _waiting(self):
        """Pause until the next attempt, longer while the access point has clients: one radio."""
        left_ms = self._backoff.next_ms()
        hold_ms = limits.WIFI_HOLD_MS
        while not self._next and (left_ms > 0 or self.ap_clients and left_ms > -hold_ms):
            self._offer_ap()
            await self._poll_ap()
            left_ms -= _POLL_MS
        return self._next or "joining"

    async def _access_point(self):
        """Serve the access point alone, until it closes or the settings change."""
        self._next = ""
        self._station.leave()
        self._open_ap()
        while not self._next and self._ap_task:
            await self._poll_ap()
        return "joining"

    def _offer_ap(self):
        """Open the access point once after each loss, if the attempts have failed for long enough.

        A third of the time is enough if the password was refused, as it will be again.
        """
        limit_ms = 1_000 * self._settings["apfallback"]
        if "password" in self.reason:
            limit_ms //= 3
        if limit_ms and not self._offered and ticks_diff(ticks_ms(), self._lost_at) >= limit_ms:
            self._offered = True
            self._open_ap()

    def _open_ap(self):
        if not self._ap:
            # lazy import: most cameras never open it, and code deployed as files takes heap
            from app.wifi.access_point import AccessPoint

            self._ap = AccessPoint(self._radio, self._settings, self._log, self.known)
        if not self._ap_task:
            self._ap_task = asyncio.create_task(self._ap.run())

    async def _poll_ap(self):
        """Pause; notice if the access point has closed, and raise its error if it failed."""
        await asyncio.sleep_ms(_POLL_MS)
        if self._ap_task and self._ap_task.done():
            task, self._ap_task = self._ap_task, None
            await task

    async def _close_ap(self):
        """Close the access point if it is open."""
        task, self._ap_task = self._ap_task, None  # never await again what was cancelled here
        if task:
            await finish(task)
