"""What `status` and telemetry say of the components; `of` is the Status that knows them."""

import json
import sys

from aio.late import borrow
from config import product


def report(now, uptime, figures):
    """Telemetry's JSON: the time as ISO 8601, seconds since the start, the components' figures."""
    report = {
        "Time": now,
        "Uptime": "{}T{:02d}:{:02d}:{:02d}".format(
            uptime // 86_400, uptime // 3_600 % 24, uptime // 60 % 60, uptime % 60
        ),
        "UptimeSec": uptime,
        "Version": product.VERSION,
        "MicroPython": _micropython(),
    }
    report.update(figures)
    return json.dumps(report)


def _micropython():
    return ".".join(str(n) for n in sys.implementation[1][:3])


def figures(of):
    """Telemetry's part of the JSON, as a dictionary."""
    camera = of.camera
    return {
        "RestartReason": of.chip.reset_cause(),
        "Heap": of.chip.free_bytes(),
        "IPAddress": of.wifi.address(),
        "Wifi": {"Signal": of.wifi.rssi(), "LinkCount": of.wifi.joins},
        "MqttCount": of.session.connects,
        "POWER": "on" if of.power.on else "off",
        "Camera": {
            "State": camera.state,
            "Captured": camera.captured,
            "Failed": camera.failed,
            "Dropped": of.frames.dropped,
            "Recoveries": camera.recoveries,
        },
        "Restarts": {name: n for name, n in of.supervisor.restarts.items() if n},
        "LastError": of.log.last_error,
    }


def status_0(of):
    s = of.settings
    return (
        product.VERSION,
        s["topic"],
        s["subtopic"],
        "on" if of.power.on else "off",
        s["pulse"],
        s["timezone"],
        of.power.minutes_left,
        "wifi " + with_reason(of.wifi.state, of.wifi.reason) + _ap(of.wifi),
        "mqtt " + borrow("app.brokertext").state(of),
        "camera " + with_reason(of.camera.state, of.camera.reason),
        "guarded by a password" if s["adminpass"] else "open: no adminpass is set",
    ) + (("updates unsigned over plain http",) if _is_careless(s) else ())


def status_1(of):
    s = of.settings
    return (
        s["grouptopic"],
        of.topics.device_id,
        s.show("otaurl"),
        s["ssid"],
        "****",
        s["mqtthost"],
        s["mqttkeepalive"],
    )


def status_2(of):
    return product.VERSION, product.BUILD_DATE, _micropython(), of.chip.free_bytes()


def status_3(of):
    restarts = of.supervisor.restarts
    return (
        "uptime {}".format(of.log.uptime_s()),
        "started by " + of.chip.reset_cause(),
        "rssi {}".format(of.wifi.rssi()),
        "captured {}".format(of.camera.captured),
        "failed {}".format(of.camera.failed),
        "recoveries {}".format(sum(of.camera.recoveries.values())),
        "wifi joins {}".format(of.wifi.joins),
        "mqtt connects {}".format(of.session.connects),
        "restarts {}".format(sum(restarts.values())),
        "last error {}".format(of.log.last_error or "none"),
    )


def _is_careless(settings):
    """Whoever is between us and the web server could send us anything."""
    return settings["otaurl"][:7].lower() == "http://" and not settings["otakey"]


def _ap(wifi):
    if not wifi.ap_open:
        return ""
    return ", access point {} ({} joined)".format(wifi.ap_address, wifi.ap_clients)


def with_reason(state, reason):
    return "{} ({})".format(state, reason) if reason else state
