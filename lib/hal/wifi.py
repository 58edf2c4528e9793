"""The Wi-Fi station: one try to join, its state, its addresses. No policy."""

import asyncio

import network
from micropython import const

_POLL_MS = const(100)

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

    async def join(self, ssid, password, timeout_ms):
        """True when an address was got within `timeout_ms`."""
        self._wlan.active(True)
        self.leave()  # connect() while connecting raises
        self._wlan.connect(ssid, password)
        for _ in range(timeout_ms // _POLL_MS):
            if self.address():
                return True
            await asyncio.sleep_ms(_POLL_MS)
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
        if self._wlan.isconnected():
            return "no address"
        return _REASONS.get(self._wlan.status(), "not joined")

    def rssi(self):
        """Signal strength in dBm; None when not joined."""
        try:
            return self._wlan.status("rssi")
        except OSError:
            return None
