"""Wi-Fi radio of the board: the station and the access point.

Status codes, times, error messages and quirks were measured on ESP-IDF. `status()` keeps the last
failure after `disconnect()` and a new `connect()`, a second `connect()` while joining is an error,
and the station retries by itself.
"""

import asyncio

from errors import os_error, runtime_error, value_error
from neighbourhood import Neighbourhood
from own_ap import OwnAP

IDLE, CONNECTING, GOT_IP = 1000, 1001, 1010
BEACON_TIMEOUT, NO_AP_FOUND, WRONG_PASSWORD, REFUSED = 200, 201, 202, 203
_NO_ADDRESS = ["0.0.0.0", "255.255.255.0", "0.0.0.0", "0.0.0.0"]
_NETWORK = ["255.255.255.0", "192.168.4.2", "192.168.4.3"]  # that follow the address


class Radio:
    """Joins and loses access points; reports if packets flow and if connections can exist."""

    def __init__(self, mac, fast=False):
        self._neighbourhood = Neighbourhood()
        self._own = OwnAP(mac)
        self._mac = mac
        # a search ends after the firmware has polled once: until then a failure may be an old one
        self._join_s, self._search_s, self._loss_s = (0, 0.15, 0) if fast else (1.1, 2.46, 3)
        self._scan_s = 0 if fast else 2.5
        self._listeners = []
        self._task = None
        self.reset()

    def on_link(self, listener):
        """Call `listener(packets_flow, links_live)` on every change."""
        self._listeners.append(listener)

    def reset(self):
        """Switch the radio off, as a reset does."""
        self._stop()
        self._own.reset()
        self._active = False
        self._wanted = None
        self._ap = None  # that the station is associated with
        self._scanned = None
        self._status = IDLE
        self._joining = False
        self._address = list(_NO_ADDRESS)
        self._settings = {"reconnects": -1, "pm": 1, "txpower": 19.5}
        self._static = None
        self._hostname = "mpy-esp32"
        self._notify()

    @property
    def connected(self):
        return self._status == GOT_IP

    @property
    def links_live(self):
        """True while a TCP connection can exist: the station is joined or the access point on."""
        return self.connected or self._own.on

    @property
    def packets_flow(self):
        return (self.connected and self._ap.up) or self._own.on

    def has_address(self, host):
        """Return True if packets to this address reach the board."""
        return host in ("0.0.0.0", self._own.on and self._own.address[0], self._address[0])

    def _notify(self):
        for listener in self._listeners:
            listener(self.packets_flow, self.links_live)

    # Calls from the firmware

    def calls(self):
        names = "active connect disconnect status ifconfig config_get config_set "
        names += "scan_start scan_result hostname"
        return {"wlan." + name: getattr(self, name) for name in names.split()}

    def active(self, interface, on=None):
        before = self._own.on if interface else self._active
        if on is None or on == before:
            return before
        if interface:
            self._own.switch(on)
        else:
            self._active = on
            if not on:
                self._leave()
        self._notify()
        return on

    def connect(self, ssid, password, bssid):
        if not self._active:
            raise os_error("Wifi Not Started")
        if ssid is not None:
            if not ssid:
                raise os_error("Wifi SSID Invalid")
            self._wanted = (ssid, password or "", bssid)
        if self._wanted is None:
            raise os_error("Wifi SSID Invalid")
        if self._joining:
            raise os_error("Wifi Internal Error")
        self._joining = True
        self._stop()
        self._task = asyncio.ensure_future(self._join())

    def disconnect(self):
        if self._active:
            self._leave()
        elif self._own.on:  # ESP-IDF: the mode is AP; MicroPython has no message for it
            raise runtime_error("Wifi Unknown Error 0xffffffff")
        else:
            raise os_error("Wifi Not Started")

    def status(self, interface, what=None):
        if what is None:
            return None if interface else self._status
        if what == "rssi" and not interface:
            if not self._ap:
                raise os_error("Wifi Not Connected")
            return self._ap.rssi
        if what == "stations" and interface:
            return self._own.stations()
        raise value_error("unknown status param")

    def ifconfig(self, interface, address=None):
        if address is None:
            return self._own.address if interface else self._address
        if interface:
            self._own.address = address
        else:
            self._static = address
        return None

    def config_get(self, interface, name):
        if name == "mac":
            return {"hex": self._mac.hex()}
        if interface:
            return self._own.get(name)
        if name in ("ssid", "essid"):
            return self._wanted[0] if self._wanted else ""
        if name == "channel":
            return self._ap.channel if self._ap else 1
        if name in ("security", "authmode", "hidden", "max_clients"):
            raise os_error("AP required")
        if name not in self._settings:
            raise value_error("unknown config param")
        return self._settings[name]

    def config_set(self, interface, settings):
        if "mac" in settings:
            raise value_error("unknown config param")
        if interface:
            self._own.set(settings)
        else:
            self._settings.update(settings)

    def scan_start(self):
        """Start a scan; raise OSError while the station is joining."""
        if self._joining and self._active:
            raise os_error("Wifi Internal State Error")
        self._scanned = asyncio.ensure_future(asyncio.sleep(self._scan_s if self._active else 0))

    def scan_result(self):
        """Return the access points found, or None while the scan is running."""
        if self._scanned and not self._scanned.done():
            return None
        return self._neighbourhood.seen() if self._active else []

    def hostname(self, name=None):
        if name is None:
            return self._hostname
        if len(name) > 32:
            raise value_error()
        self._hostname = name
        return None

    # Joining and leaving

    def _stop(self):
        if self._task:
            self._task.cancel()
            self._task = None

    def _leave(self):
        self._stop()
        self._joining = False
        if self._status in (CONNECTING, GOT_IP):
            self._status = IDLE
        self._ap = None
        self._address = _NO_ADDRESS[:3] + self._address[3:]
        self._notify()

    async def _join(self):
        """Retry until joined; the `reconnects` setting limits the retries as on the chip."""
        tries = 0
        while True:
            self._status = CONNECTING if self._status in (IDLE, CONNECTING) else self._status
            failure = await self._try()
            if failure is None:
                break
            self._status = failure
            tries += 1
            if 0 <= self._settings["reconnects"] < tries:
                self._joining = False
                return
        self._status = GOT_IP
        self._joining = False
        self._address = self._granted()
        self._notify()

    async def _try(self):
        """Try once to join; return None on success, else the status code of the failure."""
        ssid, password, bssid = self._wanted
        self._ap = None
        ap = self._neighbourhood.find(ssid, bssid)
        if not ap:
            await asyncio.sleep(self._search_s)
            return NO_AP_FOUND
        await asyncio.sleep(self._join_s)
        if ap.refuses:
            await asyncio.sleep(self._search_s)
            return REFUSED
        if password != ap.password:
            await asyncio.sleep(self._search_s)
            return WRONG_PASSWORD if ap.password else 210
        self._ap = ap
        while not (ap.dhcp or self._static):
            await asyncio.sleep(0.05)
            if not ap.up:
                return BEACON_TIMEOUT
        return None if ap.up else NO_AP_FOUND

    def _granted(self):
        return list(self._static or [self._ap.address, *_NETWORK])

    async def _lose(self):
        """Detect the loss of the access point after its beacon timeout, then rejoin."""
        await asyncio.sleep(self._loss_s)
        self._status = BEACON_TIMEOUT
        self._ap = None
        self._address = _NO_ADDRESS[:3] + self._address[3:]
        self._joining = True
        self._notify()
        await self._join()

    # Control requests

    def controls(self):
        return {"wifi": self.change, "ap_client": self.join_own}

    def change(
        self,
        up=None,
        ssid=None,
        password=None,
        rssi=None,
        dhcp=None,
        channel=None,
        address=None,
        refuses=None,
        add=False,
    ):
        """Change or add an access point; see `Neighbourhood.change`.

        The station loses an access point that goes down or changes its name or password. With
        another `address`, its lease is renewed at once, and lwIP ends the connections of the old.
        """
        joined = self._ap
        before = joined and (joined.ssid, joined.password)
        given = {"up": up, "ssid": ssid, "password": password, "rssi": rssi, "dhcp": dhcp}
        given |= {"channel": channel, "address": address, "refuses": refuses}
        changed = self._neighbourhood.change(add, given)
        if self.connected and self._address != self._granted():
            self._address = self._granted()
            for listener in self._listeners:
                listener(self.packets_flow, False)
        if self.connected:
            if not joined.up or before != (joined.ssid, joined.password):
                self._stop()
                self._task = asyncio.ensure_future(self._lose())
            elif self._task and not self._task.done():
                self._stop()  # it returned before the station detected the loss
        self._notify()
        return {"wifi": {**vars(changed), "status": self._status}, "ap": self._own.report()}

    def join_own(self, count=1, password=""):
        """Set the number of clients of the board's own access point."""
        self._own.join(count, password)
        return {"ap": self._own.report()}
