"""The two interfaces of the Wi-Fi radio: the station and the access point. No policy.

Errors of `network` are OSError or RuntimeError, depending on the firmware and on the error; here
they are always OSError.
"""

import asyncio

import network
from micropython import const

_POLL_MS = const(100)
_FAILED_MS = const(5_000)  # of a failure status: the chip has tried twice
_ABSENT_MS = const(1_000)  # of "no such network": the chip has scanned every channel
_OPEN, _WPA2 = const(0), const(3)  # SEC_OPEN and SEC_WPA2; older firmware has no names for them

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
_NO_MEMORY = "Wifi Unknown Error 0x0101"  # ESP_ERR_NO_MEM


def start():
    """Start the radio, which allocates its buffers in internal RAM; raises OSError."""
    _call(_call(network.WLAN, network.STA_IF).active, True)


def _call(function, *args, **settings):
    """Call a function of `network`; raise OSError whatever class its error has."""
    try:
        return function(*args, **settings)
    except (OSError, RuntimeError) as e:
        if str(e) == _NO_MEMORY:
            raise OSError("not enough memory for Wi-Fi") from None
        if isinstance(e, RuntimeError):
            raise OSError(str(e)) from None
        raise


def _try(method, *args, **settings):
    """Call a method of `network.WLAN`; return None if it fails."""
    try:
        return method(*args, **settings)
    except (OSError, RuntimeError):
        return None


class Station:
    """The station interface."""

    def __init__(self, hostname):
        _call(network.hostname, hostname)  # before it joins: DHCP and mDNS announce it
        self._wlan = _call(network.WLAN, network.STA_IF)
        self._is_static = False

    def scan(self):
        """Return the rows of `network.WLAN.scan()`. Blocks for 2.5 s: call it off the loop.

        Raises OSError while the station is joining.
        """
        _call(self._wlan.active, True)
        return _call(self._wlan.scan)

    async def join(self, ssid, password, bssid, timeout_ms, static=None):
        """Return True once there is an address, False after `timeout_ms` or a lasting failure.

        static: (address, netmask, gateway, DNS server), None for DHCP. Raises OSError if the radio
        refuses.
        """
        _call(self._wlan.active, True)
        self.leave()  # connect() while connecting raises
        if static:
            _call(self._wlan.ifconfig, static)
        elif self._is_static:
            _try(self._wlan.ifconfig, "dhcp")
        self._is_static = bool(static)
        if bssid:
            _call(self._wlan.connect, ssid, password, bssid=bssid)
        else:
            _call(self._wlan.connect, ssid, password)
        tried = False  # until then status() may still show how the last attempt ended
        failing_ms = 0
        for _ in range(timeout_ms // _POLL_MS):
            if self.address():
                return True
            await asyncio.sleep_ms(_POLL_MS)
            status = _call(self._wlan.status)
            failing = 200 <= status < 1_000
            tried = tried or not failing
            failing_ms = failing_ms + _POLL_MS if failing and tried else 0
            absent = status == network.STAT_NO_AP_FOUND
            if failing_ms >= (_ABSENT_MS if absent else _FAILED_MS):
                break
        return False

    def leave(self):
        """Leave the network, or stop joining; does nothing if the station is idle or off."""
        _try(self._wlan.disconnect)

    def off(self):
        """Leave the network and switch the radio off."""
        self.leave()
        _try(self._wlan.active, False)

    def joined(self):
        """Return True while there is a network and an address."""
        return bool(self.address())

    def address(self):
        """Return the station's IPv4 address as text, "" without one."""
        found = _try(self._wlan.isconnected) and _try(self._wlan.ifconfig)
        return found[0] if found and found[0] != "0.0.0.0" else ""

    def failure(self):
        """Return the reason why the last attempt failed; status() alone keeps old failures."""
        status = _try(self._wlan.status)
        if self.rssi() is not None and not 200 <= (status or 0) < 1_000:
            return "no address"  # associated, but the DHCP server is silent
        return _REASONS.get(status, "not joined")

    def rssi(self):
        """Return the signal strength in dBm, None while not joined."""
        return _try(self._wlan.status, "rssi")


class SoftAP:
    """The access point interface, with the chip's DHCP server."""

    def __init__(self, ssid):
        self._wlan = _call(network.WLAN, network.AP_IF)
        self._ssid = ssid

    def open(self, address, password, channel):
        """Open the network `address`/24, with WPA2 if there is a password; raises OSError."""
        wlan = self._wlan
        _call(wlan.active, True)  # first: an inactive access point accepts no settings
        security = _WPA2 if password else _OPEN
        _call(wlan.config, ssid=self._ssid, security=security, password=password)
        _try(wlan.config, channel=channel)  # fails while the one radio serves the station
        _call(wlan.ifconfig, (address, "255.255.255.0", address, address))

    def clients(self):
        """Return the number of clients that have joined; raises OSError if it is not open."""
        return len(_call(self._wlan.status, "stations"))

    def close(self):
        """Close the network; does nothing if it is not open."""
        _try(self._wlan.active, False)
