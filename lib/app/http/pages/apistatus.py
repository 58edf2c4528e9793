"""GET /api/status and /api/log: how the camera is."""

from aio.late import borrow
from config import product


async def read(exchange):
    """What the camera's page shows of it."""
    broker = borrow("app.brokertext").state(exchange.site.status)
    _, now, _ = await exchange.site.commands.call("time", "")
    await borrow("app.http.json_reply").members(exchange, _members(exchange.site, now, broker))


def _members(site, now, broker):
    """(name, value) one after the other: none waits in memory until all are known."""
    of = site.status
    yield "name", product.NAME
    yield "version", product.VERSION
    yield "device_id", site.device_id
    yield "topic", of.settings["topic"]
    yield "host", site.access.host
    yield "open", site.access.open
    yield "uptime_s", of.log.uptime_s()
    yield "time", now
    yield "heap_free", of.chip.free_bytes()
    yield "started_by", of.chip.reset_cause()
    yield "wifi", _wifi(of)
    yield "broker", {"state": broker, "connects": of.session.connects}
    yield "camera", _camera(of)
    yield "viewers", site.web.streams
    yield "power", of.power.on
    yield "timer", of.power.minutes_left
    yield "restarts", sum(of.supervisor.restarts.values())
    yield "errors", of.log.errors
    yield "last_error", of.log.last_error
    yield "update", site.updater.state


def _wifi(of):
    wifi = of.wifi
    return {
        "state": wifi.state,
        "reason": wifi.reason,
        "ssid": wifi.network[0] if wifi.state == "joined" else of.settings["ssid"],
        "address": wifi.address(),
        "signal": wifi.rssi(),
        "ap_open": wifi.ap_open,
    }


def _camera(of):
    camera = of.camera
    return {
        "state": camera.state,
        "reason": camera.reason,
        "captured": camera.captured,
        "failed": camera.failed,
        "recoveries": sum(camera.recoveries.values()),
    }


async def log(exchange):
    """{"lines": [...]}, oldest first."""
    await borrow("app.http.json_reply").stream(exchange, "lines", exchange.site.log.lines())
