"""The access points in reach of the board, as the control port adds and changes them."""

import itertools
from dataclasses import dataclass, field

from errors import UsageError

_WPA2 = 3
_BSSID = "100100c40a%02x"
_numbers = itertools.count(0x56)
_CHANNELS = range(1, 14)


@dataclass
class AccessPoint:
    """One access point of the world; without a password it is open."""

    ssid: str = "sim"
    password: str = "simulated"
    up: bool = True
    rssi: int = -55
    dhcp: bool = True
    channel: int = 1
    bssid: str = field(default_factory=lambda: _BSSID % (next(_numbers) % 256))

    @property
    def security(self):
        return _WPA2 if self.password else 0


class Neighbourhood:
    """The first access point is the camera's own network; an open one and a weak one are there."""

    def __init__(self):
        self._all = [
            AccessPoint(),
            AccessPoint("sim guests", "", rssi=-67, channel=6),
            AccessPoint("neighbour's", "of somebody else", rssi=-84, channel=11),
        ]

    def find(self, ssid, bssid=None):
        """The first one heard of that name (and hardware address), or None."""
        for ap in self._all:
            if ap.up and ap.ssid == ssid and bssid in (None, ap.bssid):
                return ap
        return None

    def seen(self):
        """What a scan finds, in no order."""
        return [
            [ap.ssid, ap.bssid, ap.channel, ap.rssi, ap.security, False]
            for ap in self._all
            if ap.up
        ]

    def change(self, add, given):
        """Add an access point, change the one that `ssid` names, else the first (or its name).

        given: {name: value}, None where nothing was said. Returns it.
        """
        given = {name: value for name, value in given.items() if value is not None}
        if given.get("channel", 1) not in _CHANNELS:
            raise UsageError("channel is 1..13")
        if add:
            ap = AccessPoint(**{"ssid": "another", "password": "", **given})
            self._all.append(ap)
            return ap
        named = [ap for ap in self._all if ap.ssid == given.get("ssid")]
        ap = (named or self._all)[0]
        for name, value in given.items():
            setattr(ap, name, value)
        return ap
