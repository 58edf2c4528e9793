"""How the camera is, in the words of `status`, `config` and `log`."""

import sys

from config import product
from proto.values import BadArgument


class Status:
    """Reads the other components; `status` keeps the C firmware's order of fields.

    `asked()` is called for every `status`: the telemetry goes out too.
    """

    def __init__(
        self, settings, topics, power, wifi, link, session, camera, frames, supervisor, log, chip
    ):
        self._settings = settings
        self._topics = topics
        self._power = power
        self._wifi = wifi
        self._link = link
        self._session = session
        self._camera = camera
        self._frames = frames
        self.asked = None
        self._supervisor = supervisor
        self._log = log
        self._chip = chip

    def cmd_status(self, argument):
        """0 (or nothing) what it does, 1 the network's names, 2 the firmware, 3 its health."""
        if argument not in ("", "0", "1", "2", "3"):
            raise BadArgument("1 | 2 | 3, or nothing")
        if self.asked:
            self.asked()
        fields = getattr(self, "_status_" + (argument or "0"))()
        return ", ".join(str(field) for field in fields)

    def cmd_config(self, argument):
        s = self._settings
        return "\n".join("{} = {}".format(name, s.show(name)) for name in s.names())

    def cmd_log(self, argument):
        return "\n".join(self._log.lines())

    def figures(self):
        """The components' figures for telemetry."""
        camera = self._camera
        return {
            "RestartReason": self._chip.reset_cause(),
            "Heap": self._chip.free_bytes(),
            "IPAddress": self._wifi.address(),
            "Wifi": {"Signal": self._wifi.rssi(), "LinkCount": self._wifi.joins},
            "MqttCount": self._session.connects,
            "POWER": "on" if self._power.on else "off",
            "Camera": {
                "State": camera.state,
                "Captured": camera.captured,
                "Failed": camera.failed,
                "Dropped": self._frames.dropped,
                "Recoveries": camera.recoveries,
            },
            "Restarts": {name: n for name, n in self._supervisor.restarts.items() if n},
            "LastError": self._log.last_error,
        }

    def led_state(self):
        """Which of the LED's patterns it is time for."""
        if self._wifi.state != "joined":
            return "joining"
        return "connected" if self._session.up.is_set() else "connecting"

    def _status_0(self):
        s = self._settings
        return (
            product.VERSION,
            s["topic"],
            s["subtopic"],
            "on" if self._power.on else "off",
            s["pulse"],
            s["timezone"],
            self._power.minutes_left,
            "wifi " + self._with_reason(self._wifi.state, self._wifi.reason),
            "mqtt " + self._mqtt(),
            "camera " + self._with_reason(self._camera.state, self._camera.reason),
        )

    def _status_1(self):
        s = self._settings
        return (
            s["grouptopic"],
            self._topics.device_id,
            s["otaurl"],
            s["ssid"],
            "****",
            s["mqtthost"],
            s["mqttkeepalive"],
        )

    def _status_2(self):
        micropython = ".".join(str(n) for n in sys.implementation[1][:3])
        return product.VERSION, product.BUILD_DATE, micropython, self._chip.free_bytes()

    def _status_3(self):
        restarts = self._supervisor.restarts
        return (
            "uptime {}".format(self._log.uptime_s()),
            "started by " + self._chip.reset_cause(),
            "rssi {}".format(self._wifi.rssi()),
            "captured {}".format(self._camera.captured),
            "failed {}".format(self._camera.failed),
            "recoveries {}".format(sum(self._camera.recoveries.values())),
            "wifi joins {}".format(self._wifi.joins),
            "mqtt connects {}".format(self._session.connects),
            "restarts {}".format(sum(restarts.values())),
            "last error {}".format(self._log.last_error or "none"),
        )

    def _mqtt(self):
        state = self._session.state
        if state == "connected" and not self._session.up.is_set():
            state = "subscribing"
        if state == "offline":
            return self._with_reason(state, self._link.waits_for)
        tls = self._settings["mqtthost"] and self._link.address()[2]
        secured = ", tls " + self._settings.show("mqttverify") if tls else ""
        return self._with_reason(state, self._session.reason) + secured

    def _with_reason(self, state, reason):
        return "{} ({})".format(state, reason) if reason else state
