"""Connection of a tool to a camera, through the camera's broker."""

import os
import queue
import ssl
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import paho.mqtt.client as paho

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT / "lib") not in sys.path:
    sys.path.append(str(ROOT / "lib"))  # the firmware's pure modules

# ruff: noqa: E402
from proto.mqtttext import LAYOUT, TOPIC, is_layout, is_name, topic_of

REPLY_S = 10
_PORTS = {"mqtt": 1883, "mqtts": 8883}


class BrokerError(Exception):
    """The broker or the camera refuses; `status` is the exit status of the program."""

    status = 1


class NoResponse(BrokerError):
    """The broker or the camera does not respond."""

    status = 3


def add_arguments(parser, needs_device=False):
    """Add the options that BrokerLink reads."""
    parser.add_argument("--broker", required=True, help="mqtt://host[:port] or mqtts://...")
    parser.add_argument("--device", required=needs_device, help="device id, DVES_...")
    parser.add_argument("--topic", help="the camera's topic (default: query the camera)")
    parser.add_argument(
        "--layout", default=LAYOUT, help="the camera's topiclayout (default: %(default)s)"
    )
    parser.add_argument("--cafile", help="for mqtts: CA certificate that signed the broker's")
    parser.add_argument("--user", help="user name for the broker")
    parser.add_argument("--password", help="default: the environment variable MQTT_PASSWORD")


class BrokerLink:
    """Queue of the messages about one camera; a context manager.

    It reconnects and resubscribes by itself. `topic` is the camera's, None until it is known.
    Raises BrokerError.
    """

    def __init__(self, args, reply_s=REPLY_S):
        if not (args.device or args.topic):
            raise BrokerError("name the camera with --device or --topic")
        if args.topic and not is_name(args.topic):
            raise BrokerError("--topic: the camera's topic has neither + nor #")
        if not is_layout(args.layout):
            raise BrokerError(f"--layout: expected levels such as {LAYOUT}, each of the two once")
        self._address, address = _parse(args.broker)
        self.device = args.device
        self.topic = args.topic
        self._layout = args.layout
        self._reply_s = reply_s
        self._messages = queue.Queue()
        self._filters = []
        self._connected, self._subscribed = threading.Event(), threading.Event()
        self._client = client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        client.on_message = lambda c, u, message: self._messages.put(message)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        user = args.user or address.username
        if user:
            password = args.password or address.password or os.environ.get("MQTT_PASSWORD")
            client.username_pw_set(user, password)
        if address.scheme == "mqtts":
            try:
                client.tls_set(args.cafile, cert_reqs=ssl.CERT_REQUIRED)
            except (OSError, ssl.SSLError) as error:
                raise BrokerError(f"{args.cafile}: {error}") from None

    def __enter__(self):
        host, port = self._address
        try:
            self._client.connect(host, port, keepalive=60)
        except (OSError, ValueError) as error:
            raise NoResponse(f"broker {host}:{port}: {error}") from None
        self._client.loop_start()
        try:
            self._await(self._connected)
        except BrokerError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def up(self):
        """True while there is a link to the broker."""
        return self._client.is_connected()

    def find_topic(self):
        """Query the camera's topic, unless it is known; return it."""
        if not self.topic:
            self.subscribe("stat", "status")
            self.command("status", "1")
            self.topic = self.wait(self._topic_in_reply, self._reply_s, f"camera {self.device}")
            self._client.unsubscribe(self._filters.pop()[0])
        return self.topic

    def _topic_in_reply(self, message):
        """Return the topic of the camera's reply to `status 1`, which has its device id."""
        fields = message.payload.decode(errors="replace").split(", ")
        if message.retain or self.device not in fields or not message.topic.endswith("/status"):
            return None
        return message.topic.split("/")[self._layout.split("/").index(TOPIC)]

    def name(self, prefix, name, topic=None):
        """Return a topic of the camera; `+` stands for the camera's topic while it is unknown."""
        return topic_of(self._layout, prefix, topic or self.topic or "+", name)

    def subscribe(self, prefix, *names):
        """Subscribe to topics of the camera at QoS 1, and wait until the broker has done so."""
        filters = [(self.name(prefix, each), 1) for each in names]
        self._filters += filters
        self._subscribed.clear()
        self._client.subscribe(filters)
        self._await(self._subscribed)

    def command(self, name, argument=""):
        """Send a command; return what `wait_for_publish` waits for."""
        return self.publish(self.name("cmnd", name, self.device or self.topic), argument, 1)

    def publish(self, topic, payload, qos=0):
        """Publish a message."""
        return self._client.publish(topic, payload, qos)

    def next(self, limit_s):
        """Return the next message, None after `limit_s`."""
        try:
            message = self._messages.get(timeout=max(0, limit_s))
        except queue.Empty:
            return None
        if isinstance(message, Exception):
            raise message
        return message

    def wait(self, match, limit_s, peer="the camera"):
        """Return the first result of `match` but None; raise NoResponse after `limit_s`."""
        until = time.monotonic() + limit_s
        while (left := until - time.monotonic()) > 0:
            message = self.next(left)
            if message and (found := match(message)) is not None:
                return found
        raise NoResponse(f"{peer} did not respond within {limit_s:.0f} s")

    # In the client's thread

    def _on_connect(self, client, userdata, flags, reason, properties):
        if reason.is_failure:
            self._messages.put(BrokerError(f"the broker refuses: {reason}"))
        elif self._filters:
            client.subscribe(self._filters)
        self._connected.set()

    def _on_subscribe(self, client, userdata, mid, reasons, properties):
        refused = [reason for reason in reasons if reason.is_failure]
        if refused:
            self._messages.put(BrokerError(f"the broker refuses a subscription: {refused[0]}"))
        self._subscribed.set()

    def _await(self, event):
        """Wait for an event of the client; raise the error that it has brought."""
        if not event.wait(self._reply_s):
            raise NoResponse(f"the broker did not respond within {self._reply_s:.0f} s")
        with self._messages.mutex:
            errors = [each for each in self._messages.queue if isinstance(each, Exception)]
        if errors:
            raise errors[0]


def _parse(uri):
    """Return (host, port) and the parts of the broker's address; raise BrokerError."""
    expected = BrokerError("--broker: expected mqtt://host or mqtts://host")
    try:
        parts = urlsplit(uri)
    except ValueError:  # half of an IPv6 address
        raise expected from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise expected
    try:
        return (parts.hostname, parts.port or _PORTS[parts.scheme]), parts
    except ValueError:
        raise BrokerError("--broker: the port must be a number, 1 to 65535") from None
