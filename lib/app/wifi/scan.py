"""Results of a Wi-Fi scan: the known networks to try, and the list to show to a user.

`rows` are those of `network.WLAN.scan()`: (ssid, bssid, channel, rssi, security, hidden).
"""

from config import limits
from proto.mqtttext import decode


def candidates(known, rows):
    """Return ([(ssid, password, bssid), ...] strongest first, [ssid, ...] that are refused).

    known: [(ssid, password), ...]. An access point without encryption is refused if a password is
    stored: it may imitate the network to intercept the traffic. If no known network is in range,
    all are tried in their order: hidden ones answer only to their name.
    """
    found, refused = [], []
    for ssid, password in known:
        named = [row for row in rows if row[0] == ssid.encode()]
        safe = [row for row in named if row[4] or not password]
        if safe:
            best = max(safe, key=lambda row: row[3])
            found.append((-best[3], len(found), ssid, password, best[1]))
        elif named:
            refused.append(ssid)
    found.sort()
    if not found:
        return [(s, p, None) for s, p in known if s not in refused], refused
    return [row[2:] for row in found], refused


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
