"""The radio: one access point in the world, the board's station, and the board's own access point.

Codes, times, texts of errors and their traps are those measured on ESP-IDF: `status()` keeps the
last failure after a new `connect()`, a second `connect()` while joining is an error, and the
station goes on trying by itself.
"""

import asyncio
from dataclasses import dataclass

from errors import os_error, value_error

IDLE, CONNECTING, GOT_IP = 1000, 1001, 1010
BEACON_TIMEOUT, NO_AP_FOUND, WRONG_PASSWORD = 200, 201, 202
_NO_ADDRESS = ["0.0.0.0", "255.255.255.0", "0.0.0.0", "0.0.0.0"]
_STA_ADDRESS = ["192.168.4.15", "255.255.255.0", "192.168.4.2", "192.168.4.3"]
_AP_ADDRESS = ["192.168.4.1", "255.255.255.0", "192.168.4.1", "0.0.0.0"]
_BSSID = b"\x10\x01\x00\xc4\nV"
_WPA2 = 3


@dataclass
class AccessPoint:
    """The access point of the world, as the control port changes it."""

    ssid: str = "sim"
    password: str = "simulated"
    up: bool = True
    rssi: int = -55
    dhcp: bool = True


class Radio:
    """Joins and loses the access point; tells whether packets flow and links live."""

    def __init__(self, mac, fast=False):
        self.ap = AccessPoint()
        self._mac = mac
        self._join_s, self._search_s, self._loss_s = (0, 0.02, 0) if fast else (1.1, 2.46, 3)
        self._scan_s = 0 if fast else 2.5
        self._listeners = []
        self._task = None
        self.reset()

    def on_link(self, listener):
        """Call `listener(packets_flow, links_live)` at each change."""
        self._listeners.append(listener)

    def reset(self):
        """Switch the radio off, as a reset does."""
        self._stop()
        self._active = {0: False, 1: False}
        self._wanted = None
        self._status = IDLE
        self._joining = False
        self._address = list(_NO_ADDRESS)
        self._ap_address = list(_AP_ADDRESS)
        self._settings = {0: {"reconnects": -1, "pm": 1, "txpower": 19.5}, 1: {}}
        self._static = None
        self._hostname = "mpy-esp32"
        self._tell()

    @property
    def connected(self):
        return self._status == GOT_IP

    @property
    def links_live(self):
        """Whether a TCP connection of the board can exist: it is joined, or is an access point."""
        return self.connected or self._active[1]

    @property
    def packets_flow(self):
        return (self.connected and self.ap.up) or self._active[1]

    def _tell(self):
        for listener in self._listeners:
            listener(self.packets_flow, self.links_live)

    # What the firmware does

    def calls(self):
        names = "active connect disconnect status ifconfig config_get config_set scan hostname"
        return {"wlan." + name: getattr(self, name) for name in names.split()}

    def active(self, interface, on=None):
        if on is not None and bool(on) != self._active[interface]:
            self._active[interface] = bool(on)
            if interface == 0 and not on:
                self._leave()
            self._tell()
        return self._active[interface]

    def connect(self, ssid, password):
        if not self._active[0]:
            raise os_error("Wifi Not Started")
        if ssid is not None:
            if not ssid:
                raise os_error("Wifi SSID Invalid")
            self._wanted = (ssid, password or "")
        if self._wanted is None:
            raise os_error("Wifi SSID Invalid")
        if self._joining:
            raise os_error("Wifi Internal Error")
        self._joining = True
        self._stop()
        self._task = asyncio.ensure_future(self._join())

    def disconnect(self):
        if not self._active[0]:
            raise os_error("Wifi Not Started")
        self._leave()

    def status(self, interface, what=None):
        if what is None:
            return self._status if interface == 0 else None
        if what == "rssi" and interface == 0:
            if not self.connected:
                raise os_error("Wifi Not Connected")
            return self.ap.rssi
        if what == "stations" and interface == 1:
            return []
        raise value_error("unknown status param")

    def ifconfig(self, interface, address=None):
        if address is None:
            return self._address if interface == 0 else self._ap_address
        if interface:
            self._ap_address = address
        else:
            self._static = address
        return None

    def config_get(self, interface, name):
        if name == "mac":
            return {"hex": self._mac.hex()}
        if name in ("ssid", "essid"):
            if interface == 0:
                return self._wanted[0] if self._wanted else ""
            return self._settings[1].get("ssid", "ESP_" + self._mac[3:].hex().upper())
        if name == "channel":
            return 1
        if name in ("security", "authmode", "hidden", "max_clients") and interface == 0:
            raise os_error("AP required")
        defaults = {"security": 0, "authmode": 0, "hidden": False, "max_clients": 4}
        known = {**defaults, **self._settings[interface]}
        if name in ("password", "key") or name not in known:
            raise value_error("unknown config param")
        return known[name]

    def config_set(self, interface, settings):
        for name, value in settings.items():
            if name in ("password", "key") and interface == 1 and 0 < len(value) < 8:
                raise os_error("Wifi Invalid Password")
            if name == "mac":
                raise value_error("unknown config param")
            self._settings[interface][name] = value

    async def scan(self):
        if not self._active[0]:
            return []
        await asyncio.sleep(self._scan_s)
        if not self.ap.up:
            return []
        security = _WPA2 if self.ap.password else 0
        return [[self.ap.ssid, _BSSID.hex(), 1, self.ap.rssi, security, False]]

    def hostname(self, name=None):
        if name is None:
            return self._hostname
        if len(name) > 32:
            raise value_error()
        self._hostname = name
        return None

    # How a station joins and leaves

    def _stop(self):
        if self._task:
            self._task.cancel()
            self._task = None

    def _leave(self):
        self._stop()
        self._joining = False
        self._status = IDLE
        self._address = _NO_ADDRESS[:3] + self._address[3:]
        self._tell()

    async def _join(self):
        """Try until it works; the `reconnects` setting limits the tries as on the chip."""
        tries = 0
        while True:
            self._status = CONNECTING if self._status in (IDLE, CONNECTING) else self._status
            failure = await self._try()
            if failure is None:
                break
            self._status = failure
            tries += 1
            if 0 <= self._settings[0]["reconnects"] < tries:
                self._joining = False
                return
        self._status = GOT_IP
        self._joining = False
        self._address = list(self._static or _STA_ADDRESS)
        self._tell()

    async def _try(self):
        """One try to join: None when joined, else the status that tells why not."""
        ssid, password = self._wanted
        ap = self.ap
        if not (ap.up and ap.ssid == ssid):
            await asyncio.sleep(self._search_s)
            return NO_AP_FOUND
        await asyncio.sleep(self._join_s)
        if password != ap.password:
            await asyncio.sleep(self._search_s)
            return WRONG_PASSWORD if ap.password else 210
        while not (ap.dhcp or self._static):
            await asyncio.sleep(0.05)
            if not ap.up:
                return BEACON_TIMEOUT
        return None if ap.up else NO_AP_FOUND

    async def _lose(self):
        """Notice after some seconds that the access point is gone, then look for it again."""
        await asyncio.sleep(self._loss_s)
        self._status = BEACON_TIMEOUT
        self._address = _NO_ADDRESS[:3] + self._address[3:]
        self._joining = True
        self._tell()
        await self._join()

    # What the laboratory does

    def controls(self):
        return {"wifi": self.change}

    def change(self, up=None, ssid=None, password=None, rssi=None, dhcp=None):
        """Take the access point away, bring it back, or change it; a change drops the station."""
        before = (self.ap.ssid, self.ap.password)
        given = {"up": up, "ssid": ssid, "password": password, "rssi": rssi, "dhcp": dhcp}
        for name, value in given.items():
            if value is not None:
                setattr(self.ap, name, value)
        gone = not self.ap.up or before != (self.ap.ssid, self.ap.password)
        if self.connected and gone:
            self._stop()
            self._task = asyncio.ensure_future(self._lose())
        elif self.connected and self._task and not self._task.done() and self.ap.up:
            self._stop()  # it was back before the station noticed
        self._tell()
        return {"wifi": {**vars(self.ap), "status": self._status}}
