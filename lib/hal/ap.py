"""The board's own access point. No policy."""

import network
from micropython import const

_WPA2 = const(3)
_OPEN = const(0)


class AccessPoint:
    """The access point interface of `network.WLAN`, with the DHCP server that belongs to it."""

    def __init__(self, name):
        self._wlan = network.WLAN(network.AP_IF)
        self._name = name

    def open(self, address, password, channel):
        """Be there as 24 bits of network round `address`; without a password anybody may join."""
        wlan = self._wlan
        wlan.active(True)  # first: an access point that is off takes no settings
        security = _WPA2 if password else _OPEN
        wlan.config(ssid=self._name, security=security, password=password)
        try:
            wlan.config(channel=channel)
        except OSError:  # the station is at work: there is one radio, and it has the say
            pass
        wlan.ifconfig((address, "255.255.255.0", address, address))

    def clients(self):
        """How many have joined."""
        return len(self._wlan.status("stations"))

    def close(self):
        self._wlan.active(False)
