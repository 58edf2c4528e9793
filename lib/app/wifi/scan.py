"""Results of a Wi-Fi scan: the known networks to try, and the list to show to a user.

`rows` are those of `network.WLAN.scan()`: (ssid, bssid, channel, rssi, security, hidden).
"""

from time import ticks_diff, ticks_ms

from config import limits
from proto.mqtttext import decode


class Choice:
    """Chooses the access points to try, and remembers those that have failed lately."""

    def __init__(self):
        self._failed = []  # (bssid, ticks), the oldest first
        self.preferred = None  # the BSSID to try first

    def note_failed(self, bssid):
        self._failed = self._failed[1 - limits.WIFI_FAILED :] + [(bssid, ticks_ms())]

    def order(self, known, rows):
        """Return what `candidates` returns; the preferred access point loses its preference."""
        now = ticks_ms()
        self._failed = [f for f in self._failed if ticks_diff(now, f[1]) < limits.WIFI_FAILED_MS]
        preferred, self.preferred = self.preferred, None
        return candidates(known, rows, [bssid for bssid, _ in self._failed], preferred)


def candidates(known, rows, failed=(), preferred=None):
    """Return ([(ssid, password, bssid), ...] in the order to try, [ssid, ...] that are refused).

    known: [(ssid, password), ...]. failed: BSSIDs to try last. preferred: the one to try first.
    Each access point of a known name gets its turn, the strongest first: another one may be full,
    or without its uplink. Names that no row has follow, because hidden networks answer only to
    their name; their bssid is None. An access point without encryption is refused if a password
    is stored: it may imitate the network to intercept the traffic.
    """
    found, unseen, refused = [], [], []
    for ssid, password in known:
        named = [row for row in rows if row[0] == ssid.encode()]
        safe = [row for row in named if row[4] or not password]
        for row in safe:
            rank = row[1] != preferred, row[1] in failed, -row[3], len(found)
            found.append((rank, ssid, password, row[1]))
        if not named:
            unseen.append((ssid, password, None))
        elif not safe:
            refused.append(ssid)
    found.sort()
    return [row[1:] for row in found[: limits.WIFI_TRIES]] + unseen, refused


def stronger(rows, ssid, bssid, rssi):
    """Return the BSSID of the strongest other access point of a name, if it exceeds `rssi`."""
    others = [row for row in rows if row[0] == ssid.encode() and row[1] != bssid]
    best = max(others, key=lambda row: row[3]) if others else None
    return best[1] if best and best[3] >= rssi else None


def listing(rows, limit=limits.WIFI_LISTED):
    """Return [(ssid, rssi in dBm, secured), ...], strongest first, each name once.

    Names that are not UTF-8 are left out: they could not be typed either.
    """
    best = {}
    for name, _, _, rssi, security, _ in rows:
        try:
            ssid = decode(name)
        except UnicodeError:
            continue
        if ssid:
            other = best.get(ssid, (-128, False))
            best[ssid] = (max(rssi, other[0]), bool(security) or other[1])
    found = sorted((-rssi, ssid, secured) for ssid, (rssi, secured) in best.items())
    return [(ssid, -rssi, secured) for rssi, ssid, secured in found[:limit]]
