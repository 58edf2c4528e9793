"""The state of the camera as JSON, which its page shows."""

from config import product


class State:
    """The route of the state, which config/openapi.yaml describes."""

    def __init__(self, settings, commands, wifi, status, access, images, updater, device_id):
        self._settings = settings
        self._commands = commands
        self._wifi = wifi
        self._status = status
        self._access = access
        self._images = images
        self._updater = updater
        self._device_id = device_id

    def add_routes(self, app):
        app.get("/api/status")(self.status)

    async def status(self, request):
        """Return the state that the camera's page shows."""
        # long: one row for each field
        status = self._status
        _, time, _ = await self._commands.call("time", "")
        return {
            "name": product.NAME,
            "version": product.VERSION,
            "device_id": self._device_id,
            "title": self._settings["name"] or self._settings["topic"],
            "topic": self._settings["topic"],
            "host": self._access.host,
            "open": self._access.open,
            "uptime_s": status.log.uptime_s(),
            "time": time,
            "time_set": status.clock.set.is_set(),
            "heap_free": status.memory.free_bytes,
            "internal_free": status.chip.internal_bytes()[0],
            "started_by": status.chip.reset_cause(),
            "wifi": self._wifi_state(),
            "broker": {"state": status.broker_state(), "connects": status.session.connects},
            "camera": _camera_state(status.camera),
            "private": bool(self._settings["privacy"]),
            "paused": status.schedule.closed if status.schedule else "",
            "kept": status.kept.waiting if status.kept else 0,
            "push": status.push_state(),
            "live": status.live_state(),
            "motion": status.motion_state(),
            "viewers": self._images.viewers,
            "rtsp": status.rtsp_sessions(),
            "sleep": self._sleep_state(),
            "power": status.power.on,
            "brightness": self._settings["lamplevel"],
            "timer": status.power.minutes_left,
            "off_in_s": status.power.off_in_s,
            "topics": _topics(status.topics),
            "safe_mode": status.safe_mode and _safe_mode(status.safe_mode),
            "restarts": sum(status.supervisor.restarts.values()),
            "errors": status.log.errors,
            "last_error": status.log.last_error,
            "update": self._updater.state,
            "firmware": status.firmware.now(),
        }

    def _sleep_state(self):
        """Return why a camera with deep sleep is awake; this request is a reason, too."""
        self._status.polls += 1
        awake = self._status.awake()
        return None if awake is None else {"every_s": self._settings["deepsleep"], "awake": awake}

    def _wifi_state(self):
        wifi = self._wifi
        return {
            "state": wifi.state,
            "reason": wifi.reason,
            "ssid": wifi.network[0] if wifi.state == "joined" else self._settings["ssid"],
            "address": wifi.address(),
            "signal": wifi.rssi(),
            "ap_open": wifi.ap_open,
        }


def _topics(topics):
    """Return the topics to subscribe to, and the beginning of those for commands."""
    return {
        "image": topics.image.decode(),
        "commands": topics.cmnd(""),
        "replies": topics.stat("#").decode(),
        "telemetry": topics.tele("#").decode(),
    }


def _safe_mode(safe):
    return {"reason": safe.reason, "left_s": safe.left_s, "ends": safe.ends()}


def _camera_state(camera):
    return {
        "state": camera.state,
        "reason": camera.reason,
        "sensor": camera.chip,
        "captured": camera.captured,
        "failed": camera.failed,
        "recoveries": sum(camera.recoveries.values()),
    }
