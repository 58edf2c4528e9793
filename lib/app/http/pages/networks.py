"""The Wi-Fi networks in reach, to be picked from."""

from app.http import json_reply as apireply


async def read(exchange):
    """GET /api/networks: {"networks": [{"ssid", "signal", "secured"}, ...]}, strongest first."""
    found = await seen(exchange)
    rows = ({"ssid": n, "signal": rssi, "secured": bool(key)} for n, rssi, key in found)
    await apireply.stream(exchange, "networks", rows)


async def seen(exchange):
    """Each network once, by its strongest access point; nameless ones cannot be picked."""
    best = {}
    for ssid, rssi, secured in await exchange.site.wifi.scan():
        if ssid and (ssid not in best or rssi > best[ssid][1]):
            best[ssid] = (ssid, rssi, secured)
    return sorted(best.values(), key=lambda network: -network[1])


def options(found, escape):
    """HTML of each that was seen, to be picked without JavaScript."""
    for ssid, rssi, secured in found:
        name = escape(ssid)
        yield '<li><label><input type="radio" name="network" value="{}"> {} '.format(name, name)
        yield '<meter min="-95" max="-45" value="{}">{} dBm</meter> '.format(rssi, rssi)
        yield "{}</label></li>".format("" if secured else "open")
