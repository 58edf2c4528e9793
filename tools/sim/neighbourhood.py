"""Access points in range of the board, which the control port adds and changes."""

import itertools
from dataclasses import dataclass, field

from errors import UsageError

_WPA2 = 3
_BSSID = "100100c40a%02x"
_numbers = itertools.count(0x56)
_CHANNELS = range(1, 14)


@dataclass
class AccessPoint:
    """Access point; it is open if it has no password."""

    ssid: str = "sim"
    password: str = "simulated"
    up: bool = True
    rssi: int = -55
    dhcp: bool = True
    address: str = "192.168.4.15"  # that its DHCP server grants
    refuses: bool = False  # has no room for another station
    channel: int = 1
    bssid: str = field(default_factory=lambda: _BSSID % (next(_numbers) % 256))

    @property
    def security(self):
        return _WPA2 if self.password else 0


class Neighbourhood:
    """Access points in range: first the camera's network, then an open and a weak one."""

    def __init__(self):
        self._all = [
            AccessPoint(),
            AccessPoint("sim guests", "", rssi=-67, channel=6),
            AccessPoint("neighbour's", "another key", rssi=-84, channel=11),
        ]

    def find(self, ssid, bssid=None):
        """Return the first active access point with this name (and BSSID), or None."""
        for ap in self._all:
            if ap.up and ap.ssid == ssid and bssid in (None, ap.bssid):
                return ap
        return None

    def seen(self):
        """Return the result of a scan, in no particular order."""
        return [
            [ap.ssid, ap.bssid, ap.channel, ap.rssi, ap.security, False]
            for ap in self._all
            if ap.up
        ]

    def change(self, add, given):
        """Add an access point, or change the one named `ssid`; return it.

        If none has that name, the first one changes. `given` is {name: value}; a value of None
        means no change. Raise UsageError for a wrong channel.
        """
        given = {name: value for name, value in given.items() if value is not None}
        if given.get("channel", 1) not in _CHANNELS:
            raise UsageError("channel must be 1..13")
        if add:
            ap = AccessPoint(**{"ssid": "another", "password": "", **given})
            self._all.append(ap)
            return ap
        named = [ap for ap in self._all if ap.ssid == given.get("ssid")]
        ap = (named or self._all)[0]
        for name, value in given.items():
            setattr(ap, name, value)
        return ap
