"""QoS 1 messages, kept across lost links until they are acknowledged (MQTT 3.1.1 section 4.4)."""

import asyncio

from config import limits
from proto.mqtt import next_id


class Message:
    """One message; `sent_ms` is None until it is sent on this link."""

    def __init__(self, packet_id, topic, payload, retain):
        self.packet_id = packet_id
        self.topic = topic
        self.payload = payload
        self.retain = retain
        self.sent_ms = None
        self.dup = False
        self.acknowledged = asyncio.Event()


class Outbox:
    """At most `capacity` messages, oldest first."""

    def __init__(self, capacity=limits.MQTT_OUTBOX_MESSAGES):
        self._capacity = capacity
        self._messages = []
        self._last_id = 0

    def __len__(self):
        return len(self._messages)

    def full(self):
        return len(self._messages) >= self._capacity

    def put(self, topic, payload, retain):
        """Keep a message and return it; a retained one replaces an unsent one of its topic."""
        for message in self._messages:
            if retain and message.retain and message.topic == topic and not message.dup:
                if message.sent_ms is None:
                    message.payload = payload
                    return message
        in_use = [message.packet_id for message in self._messages]
        self._last_id = next_id(self._last_id, in_use)
        message = Message(self._last_id, topic, payload, retain)
        self._messages.append(message)
        return message

    def unsent(self):
        """Return the oldest message that may go out on this link now, or None.

        A retained topic has one message in flight at a time: a topic that changes faster than the
        broker acknowledges takes two slots and no more.
        """
        in_flight = [m.topic for m in self._messages if m.retain and m.sent_ms is not None]
        for message in self._messages:
            if message.sent_ms is None and not (message.retain and message.topic in in_flight):
                return message
        return None

    def acknowledge(self, packet_id):
        """Forget a message; an unknown id is ignored."""
        for message in self._messages:
            if message.packet_id == packet_id:
                message.acknowledged.set()
        self._messages = [m for m in self._messages if m.packet_id != packet_id]

    def rewind(self):
        """Start a new link: what was sent on the old one is sent again, marked DUP."""
        for message in self._messages:
            message.dup = message.dup or message.sent_ms is not None
            message.sent_ms = None

    def oldest_ms(self):
        """Return when the oldest unacknowledged message was sent (ticks), or None."""
        for message in self._messages:
            if message.sent_ms is not None:
                return message.sent_ms
        return None
