"""The Wi-Fi station: what is in the air, one try to join, its state, its addresses. No policy."""

import asyncio

import network
from micropython import const

_POLL_MS = const(100)
_GIVE_UP_MS = const(5_000)  # the chip has then tried twice
_ABSENT_MS = const(1_000)  # it has looked for the network on all channels

_REASONS = {  # as in ESP-IDF's wifi_err_reason_t; older firmware has no names for some
    network.STAT_CONNECTING: "no answer",
    200: "access point lost",
    201: "no such network",
    202: "wrong password",
    203: "association refused",
    204: "wrong password or weak signal",
    210: "the network has no encryption, but a password is set",
    211: "the network's encryption is too weak",
    212: "the signal is too weak",
}


class Station:
    """The station interface of `network.WLAN`."""

    def __init__(self, hostname):
        network.hostname(hostname)  # before WLAN is made: it is sent with DHCP and mDNS
        self._wlan = network.WLAN(network.STA_IF)

    def scan(self):
        """What `network.WLAN.scan()` returns. Blocks for 2.5 s: call it off the loop.

        Raises OSError while the station is joining.
        """
        self._wlan.active(True)
        return self._wlan.scan()

    async def join(self, ssid, password, bssid, timeout_ms):
        """True when an address was got within `timeout_ms`; sooner False when it is hopeless."""
        self._wlan.active(True)
        self.leave()  # connect() while connecting raises
        if bssid:
            self._wlan.connect(ssid, password, bssid=bssid)
        else:
            self._wlan.connect(ssid, password)
        tried = False  # status() may still tell how the last try ended
        failing_ms = 0
        for _ in range(timeout_ms // _POLL_MS):
            if self.address():
                return True
            await asyncio.sleep_ms(_POLL_MS)
            status = self._wlan.status()
            failing = 200 <= status < 1_000
            tried = tried or not failing
            failing_ms = failing_ms + _POLL_MS if failing and tried else 0
            absent = status == network.STAT_NO_AP_FOUND
            if failing_ms >= (_ABSENT_MS if absent else _GIVE_UP_MS):
                break
        return False

    def leave(self):
        try:
            self._wlan.disconnect()
        except OSError:  # it was not connected
            pass

    def joined(self):
        return self._wlan.isconnected() and bool(self.address())

    def address(self):
        """The station's IPv4 address as text, "" without one."""
        if not self._wlan.isconnected():
            return ""
        ip = self._wlan.ifconfig()[0]
        return "" if ip == "0.0.0.0" else ip

    def why(self):
        """Why the last try failed, in words; status() alone keeps old failures."""
        status = self._wlan.status()
        if self.rssi() is not None and not 200 <= status < 1_000:
            return "no address"  # associated, but the DHCP server is silent
        return _REASONS.get(status, "not joined")

    def rssi(self):
        """Signal strength in dBm; None when not joined."""
        try:
            return self._wlan.status("rssi")
        except OSError:
            return None
