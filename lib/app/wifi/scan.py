"""What a Wi-Fi scan tells: which of the known networks to try, and what to show to a person.

`seen` is what `network.WLAN.scan()` returns: rows (ssid, bssid, channel, rssi, security, hidden).
"""


def tries(known, seen):
    """([(ssid, password, bssid), ...] strongest first, [ssid, ...] that are refused).

    known: [(ssid, password), ...]. An access point without encryption is refused where there is a
    password: it is somebody else's, who would like to have our traffic. Where no known network is
    heard, all are tried in their order: hidden ones answer only when they are called.
    """
    found, refused = [], []
    for ssid, password in known:
        rows = [row for row in seen if row[0] == ssid.encode()]
        safe = [row for row in rows if row[4] or not password]
        if safe:
            best = max(safe, key=lambda row: row[3])
            found.append((-best[3], len(found), ssid, password, best[1]))
        elif rows:
            refused.append(ssid)
    found.sort()
    if not found:
        return [(s, p, None) for s, p in known if s not in refused], refused
    return [row[2:] for row in found], refused


def listing(seen, most=20):
    """[(ssid, rssi in dBm, secured), ...], strongest first, each name once.

    Names that are no text are left out: they could not be typed either.
    """
    best = {}
    for name, _, _, rssi, security, _ in seen:
        try:
            ssid = name.decode()
        except UnicodeError:
            continue
        if ssid:
            other = best.get(ssid, (-128, False))
            best[ssid] = (max(rssi, other[0]), bool(security) or other[1])
    rows = sorted((-rssi, ssid, secured) for ssid, (rssi, secured) in best.items())
    return [(ssid, -rssi, secured) for rssi, ssid, secured in rows[:most]]
