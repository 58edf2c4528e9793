"""GET /api/status and /api/log: how the camera is."""

from aio.late import borrow
from app.pages import apibody
from config import product


async def read(exchange):
    """What the camera's page shows of it."""
    site = exchange.site
    of = site.status
    answer = {
        "name": product.NAME,
        "version": product.VERSION,
        "device_id": site.device_id,
        "topic": of.settings["topic"],
        "host": site.access.host,
        "open": site.access.open,
        "uptime_s": of.log.uptime_s(),
        "time": site.commands.call("time", "")[1],
        "heap_free": of.chip.free_bytes(),
        "started_by": of.chip.reset_cause(),
        "wifi": _wifi(of),
        "broker": {"state": borrow("app.statustext").broker(of), "connects": of.session.connects},
        "camera": _camera(of),
        "viewers": site.web.streams,
        "power": of.power.on,
        "timer": of.power.minutes_left,
        "restarts": sum(of.supervisor.restarts.values()),
        "errors": of.log.errors,
        "last_error": of.log.last_error,
        "update": site.updater.state,
    }
    await apibody.write(exchange, answer)


def _wifi(of):
    wifi = of.wifi
    return {
        "state": wifi.state,
        "reason": wifi.reason,
        "ssid": of.settings["ssid"],
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
    await apibody.stream(exchange, "lines", exchange.site.log.lines())
