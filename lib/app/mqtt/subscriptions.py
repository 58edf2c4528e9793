"""Subscriptions of the session, renewed on each link."""

import asyncio

from micropython import const

from config import limits
from proto.mqtt import next_id

_FIRST_ID = const(60_000)  # far from the packet ids of the outbox
_FAILURE = const(0x80)  # SUBACK's return code (section 3.9.3)


class Subscriptions:
    """Subscribes to what `filters()` returns on each link, and to one more filter for a while.

    `await send(encode, *args)` sends a packet on the current link; `messages()` returns the number
    of messages from the broker.
    """

    def __init__(self, filters, codec, send, messages, log):
        self._filters = filters
        self._codec = codec
        self._send = send
        self._messages = messages
        self._log = log
        self._extra = None  # the filter of `add`
        self._unanswered = {}  # packet id -> filter
        self._refused = []  # filters
        self._answered = asyncio.Event()
        self._one_by_one = False  # the last link ended before all were answered

    async def renew(self):
        """Subscribe to all filters on a new link; OSError if the broker does not answer."""
        self._one_by_one = bool(self._unanswered)
        self._unanswered.clear()  # packet ids of the last link
        self._refused = []
        await self._subscribe_all(self._filters() + ([self._extra] if self._extra else []))

    def unanswered(self):
        """Return the filters that the broker has not answered, in the order of subscribing.

        After a link that ended there, only one is sent at a time, so the next reason is exact.
        """
        return [self._unanswered[number] for number in sorted(self._unanswered)]

    async def retry(self):
        """Retry the filters that the broker has refused."""
        while self._refused:
            await self._subscribe(self._refused.pop())

    async def add(self, filter):
        """Subscribe to `filter` as well, at QoS 0; OSError if the broker refuses it."""
        self._extra = filter
        await self._subscribe_all([filter])
        if filter in self._refused:
            self._refused.remove(filter)
            raise OSError("the broker refuses the subscription to " + filter.decode())

    async def remove(self, connected):
        """End what `add` began; UNSUBSCRIBE needs a link."""
        filter, self._extra = self._extra, None
        if filter and connected:
            await self._send(self._codec.unsubscribe, filter)

    def on_suback(self, packet_id, code):
        """Handle the broker's response to a subscription."""
        filter = self._unanswered.pop(packet_id, None)
        if filter and code == _FAILURE:
            self._refused.append(filter)
            self._log.error("mqtt", "subscription refused: " + filter.decode())
        if not self._unanswered:
            self._answered.set()

    async def _subscribe_all(self, filters):
        for filter in filters:
            await self._subscribe(filter)
            if self._one_by_one:
                await self._wait_for_answers()
        await self._wait_for_answers()

    async def _wait_for_answers(self):
        while not self._answered.is_set():
            seen = self._messages()
            try:
                await asyncio.wait_for_ms(self._answered.wait(), limits.MQTT_SUBACK_MS)
            except asyncio.TimeoutError:
                if self._messages() == seen:  # else it may come after more retained messages
                    raise OSError("no SUBACK") from None

    async def _subscribe(self, filter):
        packet_id = next_id(_FIRST_ID + len(self._unanswered), self._unanswered)
        self._unanswered[packet_id] = filter
        self._answered.clear()
        qos = 0 if filter is self._extra else 1  # an update must not come twice
        self._log.debug("mqtt", "subscribing to {} at QoS {}", filter.decode(), qos)
        await self._send(self._codec.subscribe, filter, packet_id, qos)
