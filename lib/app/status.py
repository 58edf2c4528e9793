"""The state of the camera: the commands `status`, `config` and `log`, and telemetry's figures."""

from app.identity import micropython_version
from config import product
from proto.values import BadArgument


class Status:
    """Describes the other components, which are public so that the web API can read them.

    `on_status()` is called for every `status` command, so that telemetry goes out as well.
    """

    def __init__(
        self,
        settings,
        topics,
        power,
        wifi,
        link,
        session,
        publisher,
        handler,
        camera,
        frames,
        supervisor,
        log,
        chip,
        memory,
    ):
        self.settings = settings
        self.topics = topics
        self.power = power
        self.wifi = wifi
        self.link = link
        self.session = session
        self.publisher = publisher
        self.handler = handler
        self.camera = camera
        self.frames = frames
        self.supervisor = supervisor
        self.log = log
        self.chip = chip
        self.memory = memory
        self.on_status = None
        self.kept = self.push = self.schedule = None  # without PSRAM
        self.live_view = None  # Switched; a Live once the command was used
        self.rtsp = None  # Switched; an RTSPServer while it is running
        self.sleep = None  # Switched; a Sleeper while it is running
        self.polls = 0  # of the state, by pages
        self.motion = None  # Switched; a Motion while it is running
        self.clock = self.firmware = None  # app.ota.firmware_state; set by the composition root
        self.safe_mode = None  # SafeMode while it is in force

    def cmd_status(self, argument):
        """Describe 0 (or nothing) the state, 1 the network, 2 the firmware, 3 the health."""
        views = {
            "": self._state,
            "0": self._state,
            "1": self._network,
            "2": self._firmware,
            "3": self._health,
        }
        if argument not in views:
            raise BadArgument("1 | 2 | 3, or nothing")
        if self.on_status:
            self.on_status()
        return ", ".join(str(field) for field in views[argument]())

    def cmd_config(self, argument):
        """List all settings, with secrets masked."""
        return "\n".join("{} = {}".format(row[0], text) for row, text in self.settings.all())

    def cmd_log(self, argument):
        """List the lines that the log has kept."""
        return "\n".join(self.log.lines())

    def figures(self):
        """Return the components' part of the telemetry."""
        camera, safe = self.camera, self.safe_mode
        return {
            "RestartReason": self.chip.reset_cause(),
            "Heap": self.memory.free_bytes,
            "InternalRAM": dict(zip(("Free", "Largest"), self.chip.internal_bytes())),
            "IPAddress": self.wifi.address(),
            "Wifi": {"Signal": self.wifi.rssi(), "LinkCount": self.wifi.joins},
            "MqttCount": self.session.connects,
            "POWER": self._power(),
            "Privacy": self.settings.show("privacy"),
            "Picture": self.publisher.figures(),
            "Camera": {
                "State": camera.state,
                "Reason": camera.reason,
                "Sensor": camera.chip,
                "Captured": camera.captured,
                "Failed": camera.failed,
                "Dropped": self.frames.dropped,
                "Recoveries": camera.recoveries,
            },
            "Paused": self.schedule and self.schedule.closed,
            "Kept": self.kept and self.kept.figures(),
            "Push": self.push and self.push.figures(),
            "Sleep": self.sleep and self.sleep.running and self.sleep.running.figures(),
            "Motion": self.detection and self.detection.figures(),
            "SafeMode": safe
            and {"Reason": safe.reason, "SecondsLeft": safe.left_s, "Ends": safe.ends()},
            "Restarts": {name: n for name, n in self.supervisor.restarts.items() if n},
            "LastError": self.log.last_error,
        }

    def broker_state(self):
        """Return the state of the session, such as `connected, tls ca` or `offline (no Wi-Fi)`."""
        state, reason = self.session.state, self.session.reason
        if state == "connected" and not self.session.up.is_set():
            state = "subscribing"
        if state == "offline":
            reason = self.link.waits_for
        text = _with_reason(state, reason)
        if state != "offline" and self.link.tls:
            text += ", tls " + self.settings.show("mqttverify")
        return text

    def push_state(self):
        """Return `3 posted`, with the reason if the last picture was not accepted; "" if none."""
        if not (self.push and self.settings["pushurl"]):
            return ""
        return _with_reason("{} posted".format(self.push.sent), self.push.reason)

    def rtsp_sessions(self):
        """Return the number of RTSP clients that play, None while RTSP is off."""
        return self.rtsp.running.sessions if self.rtsp and self.rtsp.running else None

    @property
    def live(self):
        """The live view over MQTT, None until it is used."""
        return self.live_view and self.live_view.running

    def live_state(self):
        """Return `58 s left, 4.9 pictures per second`, "" while there is no live view."""
        live = self.live
        if not (live and live.left_s):
            return ""
        return "{} s left, {:.1f} pictures per second".format(live.left_s, live.fps)

    def awake(self):
        """Return why a camera with deep sleep is awake, "" if it is about to sleep.

        None without deep sleep.
        """
        return self.sleep.running.reason if self.sleep and self.sleep.running else None

    @property
    def detection(self):
        """Motion while it is on, else None."""
        return self.motion.running if self.motion else None

    def motion_state(self):
        """Return `motion` or `no motion`, with the reason if it can't be seen; "" while off."""
        if not self.detection:
            return ""
        return _with_reason("motion" if self.detection.on else "no motion", self.detection.reason)

    def motion_shown(self):
        """Return the state, and what the newest picture shows: null if none was compared."""
        shown = {"state": self.motion_state(), "score": None, "changed": None, "cells": None}
        if self.detection and not self.settings["privacy"]:  # which ends it a moment later
            shown.update(self.detection.view.shown())
        return shown

    def _state(self):
        s = self.settings
        yield product.VERSION
        yield s["topic"]
        yield s["subtopic"]
        yield self._power()
        yield s["pulse"]
        yield s["timezone"]
        yield self.power.minutes_left
        yield "wifi " + self._wifi_state()
        yield "mqtt " + self.broker_state()
        yield "camera " + _with_reason(self.camera.state, self.camera.reason)
        if self.schedule and self.schedule.closed:
            yield "pictures pause ({})".format(self.schedule.closed)
        if self.kept and self.kept.waiting:
            yield "{} pictures kept".format(self.kept.waiting)
        posted = self.push_state()
        if posted:
            yield "push " + posted
        if self.rtsp_sessions() is not None:
            yield "rtsp {} playing".format(self.rtsp_sessions())
        live = self.live_state()
        if live:
            yield "live view ({})".format(live)
        awake = self.awake()
        if awake is not None:
            yield _with_reason("awake" if awake else "falling asleep", awake)
        if self.detection:
            yield self.motion_state()
        limited = self.publisher.sender.limited()
        if limited:
            yield limited
        if self.safe_mode:
            yield self.safe_mode
        yield "guarded by a password" if s["adminpass"] else "open: no adminpass is set"
        # Anyone on the path can forge such updates.
        if s["otaurl"][:7].lower() == "http://" and not s["otakey"]:
            yield "updates unsigned over plain http"

    def _network(self):
        s = self.settings
        yield s["grouptopic"]
        yield self.topics.device_id
        yield s.show("otaurl")
        yield s["ssid"]
        yield "****"
        yield s["mqtthost"]
        yield s["mqttkeepalive"]

    def _firmware(self):
        yield product.VERSION
        yield product.BUILD_DATE
        yield micropython_version()
        yield self.memory.measure()
        yield "internal RAM {}, largest block {}".format(*self.chip.internal_bytes())

    def _health(self):
        yield "uptime {}".format(self.log.uptime_s())
        yield "started by " + self.chip.reset_cause()
        if self.sleep and self.sleep.running:
            yield self.sleep.running
        yield "rssi {}".format(self.wifi.rssi())
        yield "sensor {}".format(self.camera.chip or "unknown")
        yield "captured {}".format(self.camera.captured)
        yield "failed {}".format(self.camera.failed)
        yield "recoveries {}".format(sum(self.camera.recoveries.values()))
        yield "wifi joins {}".format(self.wifi.joins)
        yield "mqtt connects {}".format(self.session.connects)
        yield "commands refused {}".format(self.handler.refused)
        yield "restarts {}".format(sum(self.supervisor.restarts.values()))
        yield "last error {}".format(self.log.last_error or "none")

    def _power(self):
        return "on" if self.power.on else "off"

    def _wifi_state(self):
        wifi = self.wifi
        text = _with_reason(wifi.state, wifi.reason)
        if wifi.ap_open:
            text += ", access point {} ({} joined)".format(wifi.ap_address, wifi.ap_clients)
        return text


def _with_reason(state, reason):
    return "{} ({})".format(state, reason) if reason else state
