"""The states without a network, each a coroutine that returns the next one's name."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from aio.late import borrow
from app.wifi import scan as networks

_LOOK_MS = const(250)
_AGAIN_MS = const(500)
_HOLD_MS = const(300_000)  # as long the tries pause for the access point's clients: one radio


async def joining(link):
    """One try for each known network in reach."""
    if link.next == "access point":
        return link.next
    link.next = ""
    known = link.known()
    if not known:
        link.reason = "ssid is not set"
        return "access point"
    link.station.leave()  # the chip goes on trying by itself, and then cannot scan
    await _look(link)
    tries, refused = networks.tries(known, link.seen or ())
    reasons = [ssid + ": open, but a password is stored" for ssid in refused]
    for ssid, password, bssid in tries:
        link.log.info("wifi", "joining " + ssid)
        why = await _try(link, ssid, password, bssid)
        if not why:
            link.network = ssid, password
            return "joined"
        reasons.append(why if len(known) == 1 else ssid + ": " + why)
        if link.next:
            break
    link.reason = "; ".join(reasons)
    link.log.error("wifi", link.reason)
    return "waiting"


async def _try(link, ssid, password, bssid):
    """Join one network: "" when that was possible, else why not."""
    station = link.station
    try:
        if await station.join(ssid, password, bssid, link.join_ms):
            return ""
        why = station.why()
    except OSError as e:  # the radio is at odds with us
        why = str(e)
    station.leave()
    return why


async def waiting(link):
    """Until the next try; longer while somebody has joined the access point."""
    delay = link.backoff.next_ms()
    while not link.next and (delay > 0 or link.ap_clients and delay > -_HOLD_MS):
        await asyncio.sleep_ms(_LOOK_MS)
        delay -= _LOOK_MS
        _fall_back(link)
        await _check(link)
    return link.next or "joining"


def _fall_back(link):
    """Open the access point beside the tries, once for each time without a network.

    A network that refuses the password will hardly think better of it: a third of the time.
    """
    limit_ms = 1_000 * link.settings["apfallback"]
    if "password" in link.reason:
        limit_ms //= 3
    if limit_ms and not link.offered and ticks_diff(ticks_ms(), link.since) >= limit_ms:
        link.offered = True
        _open(link)


def _open(link):
    """Want the access point; its task ends by itself."""
    link.ap_wanted = True
    if not link.portal:
        portal = borrow("app.wifi.portal").Portal(link, link.settings, link.log, *link.ap)
        link.portal, link.ap_task = portal, asyncio.create_task(portal.run())


async def _check(link):
    """Let an error of the access point rise to the supervisor, as one of the link."""
    if link.ap_task and link.ap_task.done():
        task, link.ap_task = link.ap_task, None
        await task


async def access_point(link):
    """No tries: there is no network's name, or somebody wants to set the camera up."""
    link.next = ""
    link.station.leave()
    _open(link)
    while not link.next and link.ap_wanted:
        await asyncio.sleep_ms(_LOOK_MS)
        await _check(link)
    return "joining"


async def listing(link):
    """What a person may choose from."""
    if link.state != "joining" or link.seen is None:
        await _look(link)
    found = networks.listing(link.seen or ())
    if link.state == "joined":
        link.seen = None
    return found


async def _look(link):
    """Scan; what cannot be, now, leaves what was seen before."""
    for _ in range(2):
        try:
            link.seen = await link.off_loop.call(link.station.scan)
            return
        except OSError as e:  # the chip takes a moment to let go of a network
            link.log.info("wifi", "no scan: {}".format(e))
        await asyncio.sleep_ms(_AGAIN_MS)
