"""MQTT client that keeps all messages it receives."""

import contextlib
import threading
import time
import uuid
from typing import NamedTuple

import paho.mqtt.client as paho
from mosquitto import HOST

_LIMIT_S = 20
_GREETING = "stat/esp32-mqtt-cam/FALLBACKTOPIC"
_LAST_STATE = "stat/esp32-mqtt-cam/loglevel"  # one of the last, and never empty


class Message(NamedTuple):
    """A received message; `at` is time.monotonic() at its arrival."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    at: float


class Listener:
    """Client subscribed to `filters` (QoS 1) on the broker at `port`; a context manager."""

    def __init__(self, port, *filters, client_id=""):
        self.messages = []
        self.subscriptions = filters or ("#",)
        self._changed = threading.Condition()
        self._ready = threading.Event()
        self._marks = "listener/" + uuid.uuid4().hex
        self._marked = None
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=client_id)
        self._client.on_connect = self._connected
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._received
        self._client.reconnect_delay_set(1, 1)
        self._port = port

    def _connected(self, client, *_):
        client.subscribe([(each, 1) for each in (*self.subscriptions, self._marks)])

    def _received(self, client, data, message):
        with self._changed:
            if message.topic.startswith("listener/"):
                if message.topic == self._marks:
                    self._marked = message.payload
                    self._changed.notify_all()
                return
            self.messages.append(
                Message(
                    message.topic, message.payload, message.qos, message.retain, time.monotonic()
                )
            )
            self._changed.notify_all()

    def __enter__(self):
        self._client.connect(HOST, self._port)
        self._client.loop_start()
        assert self._ready.wait(10), "no subscription"
        return self

    def __exit__(self, *_):
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic, payload=b"", qos=1, retain=False):
        """Publish and wait until the broker has the message."""
        self._client.publish(topic, payload, qos, retain).wait_for_publish(10)

    def send(self, topic, payload=b"", qos=0):
        """Publish without waiting."""
        self._client.publish(topic, payload, qos)

    def on(self, topic):
        """Return the messages received on a topic so far."""
        return [message for message in tuple(self.messages) if message.topic == topic]

    def wait(self, topic, matches=lambda message: True, limit_s=_LIMIT_S, since=0):
        """Wait for and return the first matching message on `topic` from index `since`.

        matches: a function of a Message, or the expected payload as bytes.
        """
        if isinstance(matches, bytes):
            wanted, matches = matches, lambda message: message.payload == wanted
        deadline = time.monotonic() + limit_s
        with self._changed:
            while True:
                for message in self.messages[since:]:
                    if message.topic == topic and matches(message):
                        return message
                left = deadline - time.monotonic()
                if left <= 0:
                    seen = [(m.topic, m.payload[:60]) for m in self.messages[since:]]
                    raise AssertionError(f"no match on {topic} in {limit_s} s; received {seen}")
                self._changed.wait(left)

    def catch_up(self, limit_s=_LIMIT_S):
        """Wait for all messages that the broker has received so far; return their number."""
        mark = uuid.uuid4().hex.encode()
        self.publish(self._marks, mark)
        with self._changed:
            assert self._changed.wait_for(lambda: self._marked == mark, limit_s), "broker silent"
            return len(self.messages)

    def command(self, command, payload="", topic="esp32-mqtt-cam", reply=None, limit_s=_LIMIT_S):
        """Send a command and return its reply from `stat/<camera's topic>/<reply or command>`."""
        since = self.catch_up(limit_s)
        if self._is_greeting():  # a state of the greeting would pass for the reply
            with contextlib.suppress(AssertionError):
                self.wait(_LAST_STATE, since=since, limit_s=2)
            since = self.catch_up(limit_s)
        self.publish(f"cmnd/{topic}/{command}", payload)
        message = self.wait(
            f"stat/esp32-mqtt-cam/{reply or command}",
            lambda message: not message.retain,  # a retained one may still arrive
            limit_s,
            since,
        )
        return message.payload.decode()

    def _is_greeting(self):
        """Return True if the camera has connected, and its states are still to come."""
        for message in reversed(tuple(self.messages)):
            if message.topic in (_GREETING, _LAST_STATE) and not message.retain:
                return message.topic == _GREETING
        return False

    def count(self, topic, seconds):
        """Return the number of messages on `topic` in the next `seconds`."""
        before = len(self.on(topic))
        time.sleep(seconds)  # measures a rate
        return len(self.on(topic)) - before
