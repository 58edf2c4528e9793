"""Sends an update to a camera through its broker and watches it until it runs."""

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

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_ANSWER_S = 10
_SAID = Console(stderr=True)


class Push:
    """One camera behind one broker; a context manager."""

    def __init__(self, args):
        self._device = args.device
        self._topic = args.topic
        self._patience_s = args.patience
        self._answer_s = min(_ANSWER_S, args.patience)
        self._heard = queue.Queue()
        self._client = client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        client.on_message = lambda c, u, message: self._heard.put(message)
        client.on_connect = self._connected
        client.on_subscribe = lambda *a: self._heard.put("subscribed")
        address = urlsplit(args.broker)
        if address.scheme not in _PORTS or not address.hostname:
            raise UpdateError("the broker is mqtt://host or mqtts://host")
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
            self._heard.put(UpdateError(f"the broker refuses: {reason}"))
        else:
            topic = self._topic or "+"
            names = ("topic", "ota", "mqttotastart", "mqttotaconfirm")
            client.subscribe([(f"stat/{topic}/{name}", 1) for name in names])

    def run(self, update, force=False, confirm=False):
        """Send it and wait until it runs; raises UpdateError."""
        self._wait(lambda message: message == "subscribed" or None, self._answer_s, "the broker")
        self._find_topic()
        self._start(force)
        with contextlib.closing(_Bar(update)) as bar:
            self._client.publish(f"OTA/{self._device}/data", update.data)
            self._wait(lambda m: self._ended(m, bar), 2 * self._patience_s + 600, "the camera")
        _SAID.print("installed, it restarts")
        state = self._wait(self._started(update), self._patience_s, "the restarted camera")
        if confirm and state != "confirmed":
            self._command("mqttotaconfirm", "1")
            self._wait(self._reply("mqttotaconfirm", ("Confirmed", "OTA image")), self._answer_s)
            state = "confirmed"
        _SAID.print(f"{update.name} runs, {state}" + _hint(state))

    def _find_topic(self):
        """Ask the camera what topic it answers on."""
        if not self._topic:
            self._command("topic", "")
            who = f"a camera {self._device}"
            self._topic = self._wait(_answer_to("topic"), self._answer_s, who)
        _SAID.print(f"{self._device} answers on {self._topic}")

    def _start(self, force):
        self._command("mqttotastart", "force" if force else "1")
        self._wait(self._reply("mqttotastart", ("on",)), self._answer_s)

    def _command(self, name, argument):
        self._client.publish(f"cmnd/{self._device}/{name}", argument, qos=1)

    def _reply(self, name, good):
        """A judge of messages: the reply of a command has to begin with one of `good`."""

        def judge(message):
            if message.topic != f"stat/{self._topic}/{name}":
                return None
            text = message.payload.decode(errors="replace")
            if not text.startswith(good):
                raise UpdateError(f"the camera refuses: {text}")
            return text

        return judge

    def _ended(self, message, bar):
        """Whether all is written; shows the progress."""
        if message.topic == f"stat/{self._topic}/mqttotastart" and message.payload == b"off":
            raise UpdateError("the camera has given up")
        told = self._told(message)
        if not told or message.retain:
            return None
        if told["state"] == "failed":
            raise UpdateError("the camera refuses: " + told["reason"])
        bar.show(told.get("bytes"))
        return told["state"] == "installed" or None

    def _started(self, update):
        """A judge: the state in which the new image runs."""

        def judge(message):
            told = self._told(message)
            if not told or message.retain or told["state"] == "installed":
                return None
            if told["state"] in ("trial", "confirmed") and told["version"] == update.version:
                return told["state"]
            reason = told.get("reason", f"{told.get('version')} runs")
            raise UpdateError(f"{told['state']}: {reason}")

        return judge

    def _told(self, message):
        if message.topic != f"stat/{self._topic}/ota":
            return None
        with contextlib.suppress(ValueError):
            return json.loads(message.payload)
        return None

    def _wait(self, judge, limit_s, who="the camera"):
        """The first message that `judge` makes something of."""
        until = time.monotonic() + limit_s
        while (left := until - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                message = self._heard.get(timeout=left)
                if isinstance(message, Exception):
                    raise message
                if message == "subscribed" and who != "the broker":
                    continue
                if (found := judge(message)) is not None:
                    return found
        raise NoAnswer(f"{who} does not answer within {limit_s:.0f} s")


def _answer_to(name):
    def judge(message):
        found = message.topic.endswith("/" + name) and not message.retain
        return message.payload.decode(errors="replace") if found else None

    return judge


def _hint(state):
    if state == "confirmed":
        return ""
    return ": confirm it (mqttotaconfirm 1), or the next restart brings the old one back"


class _Bar:
    """Bytes that the camera has written."""

    def __init__(self, update):
        self._progress = Progress(
            TextColumn(update.name),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=_SAID,
        )
        self._task = self._progress.add_task("", total=len(update.data))
        self._progress.start()

    def show(self, done):
        if done is not None:
            self._progress.update(self._task, completed=done)

    def close(self):
        self._progress.stop()
