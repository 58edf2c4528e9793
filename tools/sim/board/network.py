"""Wi-Fi of the ESP32: two interfaces, with one object each."""

import binascii
import time

import idf
import world

STA_IF = 0
AP_IF = 1
STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
STAT_BEACON_TIMEOUT = 200
STAT_NO_AP_FOUND = 201
STAT_WRONG_PASSWORD = 202
STAT_ASSOC_FAIL = 203
STAT_CONNECT_FAIL = 203
STAT_HANDSHAKE_TIMEOUT = 204
STAT_NO_AP_FOUND_W_COMPATIBLE_SECURITY = 210
STAT_NO_AP_FOUND_IN_AUTHMODE_THRESHOLD = 211
STAT_NO_AP_FOUND_IN_RSSI_THRESHOLD = 212
_SCAN_POLL_MS = 20
AUTH_OPEN = 0
AUTH_WEP = 1
AUTH_WPA_PSK = 2
AUTH_WPA2_PSK = 3
AUTH_WPA_WPA2_PSK = 4
AUTH_WPA3_PSK = 6
AUTH_WPA2_WPA3_PSK = 7

_wlans = {}


class WLAN:
    """Wi-Fi interface: the station (0) or the access point (1)."""

    IF_STA = STA_IF
    IF_AP = AP_IF
    PM_NONE = 0
    PM_PERFORMANCE = 1
    PM_POWERSAVE = 2
    SEC_OPEN = 0
    SEC_WEP = 1
    SEC_WPA = 2
    SEC_WPA2 = 3
    SEC_WPA_WPA2 = 4
    SEC_WPA3 = 6
    SEC_WPA2_WPA3 = 7

    def __new__(cls, interface=STA_IF):
        if interface not in (STA_IF, AP_IF):
            raise ValueError("invalid WLAN interface identifier")
        if not _wlans:
            idf.take("wifi")
        if interface not in _wlans:
            _wlans[interface] = super().__new__(cls)
        return _wlans[interface]

    def __init__(self, interface=STA_IF):
        self._interface = interface

    def active(self, on=None):
        if on is None:
            return world.call("wlan.active", self._interface)
        return world.call("wlan.active", self._interface, bool(on))

    def connect(self, ssid=None, key=None, *, bssid=None):
        self._station()
        if bssid is not None and len(bssid) != 6:
            raise ValueError
        idf.take("join")
        world.call("wlan.connect", _text(ssid), _text(key), bssid and bssid.hex())

    def disconnect(self):
        self._station()
        world.call("wlan.disconnect")

    def isconnected(self):
        if self._interface == AP_IF:
            return bool(world.call("wlan.status", AP_IF, "stations"))
        return world.call("wlan.status", STA_IF) == STAT_GOT_IP

    def status(self, what=None):
        value = world.call("wlan.status", self._interface, what)
        return [(binascii.unhexlify(mac),) for mac in value] if what == "stations" else value

    def scan(self):
        """Scan for access points; blocks the calling thread for 2.5 s, as on the chip."""
        self._station()
        world.side.call("wlan.scan_start")
        while (found := world.side.call("wlan.scan_result")) is None:
            time.sleep_ms(_SCAN_POLL_MS)
        return [
            (ssid.encode(), binascii.unhexlify(bssid), channel, rssi, security, hidden)
            for ssid, bssid, channel, rssi, security, hidden in found
        ]

    def ifconfig(self, address=None):
        if address == "dhcp":
            address = None
            world.call("wlan.ifconfig", self._interface, ())
            return None
        if address is None:
            return tuple(world.call("wlan.ifconfig", self._interface))
        world.call("wlan.ifconfig", self._interface, list(address))

    def config(self, name=None, **settings):
        if name is None:
            world.call("wlan.config_set", self._interface, settings)
            return None
        value = world.call("wlan.config_get", self._interface, name)
        return binascii.unhexlify(value["hex"]) if isinstance(value, dict) else value

    def _station(self):
        if self._interface != STA_IF:
            raise OSError("STA required")


def _text(value):
    return value.decode() if isinstance(value, (bytes, bytearray)) else value


def hostname(name=None):
    if name is None:
        return world.call("wlan.hostname")
    world.call("wlan.hostname", name)


def country(code=None):
    if code is None:
        return "XX"
    if len(code) != 2:
        raise ValueError
