"""Send an update to a camera through its broker, and wait until it runs."""

import contextlib
import json
import queue
import ssl
import time
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from update.errors import NoAnswer, UpdateError

from proto.mqtttext import topic_of

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_REPLY_S = 10
_CONSOLE = Console(stderr=True)


class Push:
    """Update of one camera through one broker; a context manager."""

    def __init__(self, args):
        self._device = args.device
        self._topic = args.topic
        self._layout = args.layout
        self._timeout_s = args.patience
        self._reply_s = min(_REPLY_S, args.patience)
        self._messages = queue.Queue()
        self._client = client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        client.on_message = lambda c, u, message: self._messages.put(message)
        client.on_connect = self._connected
        client.on_subscribe = lambda *a: self._messages.put("subscribed")
        address = urlsplit(args.broker)
        if address.scheme not in _PORTS or not address.hostname:
            raise UpdateError("--broker: expected mqtt://host or mqtts://host")
        self._address = address.hostname, address.port or _PORTS[address.scheme]
        if args.user or address.username:
            client.username_pw_set(
                args.user or address.username, args.password or address.password
            )
        if address.scheme == "mqtts":
            try:
                client.tls_set(args.cafile, cert_reqs=ssl.CERT_REQUIRED)
            except (OSError, ssl.SSLError) as error:
                raise UpdateError(f"{args.cafile}: {error}") from None

    def __enter__(self):
        host, port = self._address
        try:
            self._client.connect(host, port, keepalive=60)
        except (OSError, ValueError) as error:
            raise NoAnswer(f"broker {host}:{port}: {error}") from None
        self._client.loop_start()
        return self

    def __exit__(self, *_):
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, client, userdata, flags, reason, properties):
        if reason.is_failure:
            self._messages.put(UpdateError(f"the broker refuses: {reason}"))
        else:
            topic = self._topic or "+"
            names = ("topic", "ota", "mqttotastart", "mqttotaconfirm")
            client.subscribe([(self._name("stat", topic, name), 1) for name in names])

    def run(self, update, force=False, confirm=False):
        """Send an update and wait until it runs; raise UpdateError."""
        self._wait(lambda message: message == "subscribed" or None, self._reply_s, "the broker")
        self._find_topic()
        self._start(force)
        with contextlib.closing(_Bar(update)) as bar:
            self._client.publish(self._name("OTA", self._device, "data"), update.data)
            self._wait(lambda m: self._ended(m, bar), 2 * self._timeout_s + 600, "the camera")
        _CONSOLE.print("installed; the camera restarts")
        peer = "the restarted camera"
        if not (update.project and update.version):
            peer = "the new firmware, which may not contain the application,"
        state = self._wait(self._started(update), self._timeout_s, peer)
        if confirm and state != "confirmed":
            self._command("mqttotaconfirm", "1")
            self._wait(self._reply("mqttotaconfirm", ("Confirmed", "OTA image")), self._reply_s)
            state = "confirmed"
        _CONSOLE.print(f"{update.name} runs, {state}" + _hint(state))

    def _find_topic(self):
        """Query the camera's topic unless it is an argument."""
        if not self._topic:
            self._command("topic", "")
            peer = f"camera {self._device}"
            self._topic = self._wait(_reply_to("topic"), self._reply_s, peer)
        _CONSOLE.print(f"{self._device} replies on {self._topic}")

    def _start(self, force):
        self._command("mqttotastart", "force" if force else "1")
        self._wait(self._reply("mqttotastart", ("on",)), self._reply_s)

    def _name(self, prefix, topic, name):
        return topic_of(self._layout, prefix, topic, name)

    def _command(self, name, argument):
        self._client.publish(self._name("cmnd", self._device, name), argument, qos=1)

    def _reply(self, name, good):
        """Return a matcher for the reply to a command, which must begin with one of `good`."""

        def match(message):
            if message.topic != self._name("stat", self._topic, name):
                return None
            text = message.payload.decode(errors="replace")
            if not text.startswith(good):
                raise UpdateError(f"the camera refuses: {text}")
            return text

        return match

    def _ended(self, message, bar):
        """Return true once all is written; until then show the progress."""
        if (
            message.topic == self._name("stat", self._topic, "mqttotastart")
            and message.payload == b"off"
        ):
            raise UpdateError("the camera has cancelled the update")
        report = self._report(message)
        if not report or message.retain:
            return None
        if report["state"] == "failed":
            raise UpdateError("the camera refuses: " + report["reason"])
        bar.show(report.get("bytes"))
        if report.get("lost"):
            _CONSOLE.print("forced although " + report["lost"])
        return report["state"] == "installed" or None

    def _started(self, update):
        """Return a matcher for the report of the restarted camera, which returns its state."""

        def match(message):
            report = self._report(message)
            if not report or message.retain or report["state"] == "installed":
                return None
            if report["state"] in ("trial", "confirmed") and report["version"] == update.version:
                return report["state"]
            reason = report.get("reason", f"{report.get('version')} runs")
            raise UpdateError(f"{report['state']}: {reason}")

        return match

    def _report(self, message):
        """Return the JSON of an update report, None for another message."""
        if message.topic != self._name("stat", self._topic, "ota"):
            return None
        with contextlib.suppress(ValueError):
            return json.loads(message.payload)
        return None

    def _wait(self, match, limit_s, peer="the camera"):
        """Return the first result of `match` that is not None; raise NoAnswer after `limit_s`."""
        until = time.monotonic() + limit_s
        while (left := until - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                message = self._messages.get(timeout=left)
                if isinstance(message, Exception):
                    raise message
                if message == "subscribed" and peer != "the broker":
                    continue
                if (found := match(message)) is not None:
                    return found
        raise NoAnswer(f"{peer} did not respond within {limit_s:.0f} s")


def _reply_to(name):
    """Return a matcher for a reply on any camera's topic, which returns its text."""

    def match(message):
        found = message.topic.endswith("/" + name) and not message.retain
        return message.payload.decode(errors="replace") if found else None

    return match


def _hint(state):
    if state == "confirmed":
        return ""
    return "; confirm it (mqttotaconfirm 1), or the next restart brings back the old one"


class _Bar:
    """Progress bar of the bytes that the camera has written."""

    def __init__(self, update):
        self._progress = Progress(
            TextColumn(update.name),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=_CONSOLE,
        )
        self._task = self._progress.add_task("", total=len(update.data))
        self._progress.start()

    def show(self, done):
        if done is not None:
            self._progress.update(self._task, completed=done)

    def close(self):
        self._progress.stop()
