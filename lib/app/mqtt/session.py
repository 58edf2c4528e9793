"""The session with the broker: offline -> connecting -> connected -> resting -> offline ..."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from aio.late import borrow
from aio.tasks import NOTHING, Lock, finish
from proto import mqtt

_LOGIN_MS = const(30_000)  # a refused login is not hammered
_STABLE_MS = const(30_000)  # a link that lived this long was a good one
_ACK_MS = const(20_000)


class NotConnected(OSError):
    """There is no session with the broker now."""


class MQTTSession:
    """Publishes and subscribes; `state` and `reason` tell how it is.

    `link.open` gives the stream, `inbound.run` reads it, `outbox` keeps what QoS 1 promises,
    `greet(session)` is awaited after each connect.
    """

    def __init__(self, link, inbound, outbox, settings, topics, log, new_backoff):
        self._link = link
        self._inbound = inbound
        self._outbox = outbox
        self._settings = settings
        self._topics = topics
        self._log = log
        self._backoff = new_backoff()
        self._codec = mqtt.Codec()
        self._writing = Lock()
        self._room = asyncio.Event()
        self._buffer = bytearray(2_048)
        self._stream = self._reader = self._fault = self._also = None
        self._unanswered = {}  # packet id -> topic filter
        self._refused = []
        self._subscribed = asyncio.Event()
        self._acknowledged = asyncio.Event()
        self._anew = asyncio.Event()
        self.greet = None
        self.up = asyncio.Event()
        self.state, self.reason = "offline", ""
        self.connects = 0

    def publish(self, topic, payload, retain=False, qos=0):
        """Send `payload` (bytes-like) to `topic` (bytes); to be awaited.

        QoS 0: raises OSError (NotConnected) when it could not be handed to the socket.
        QoS 1: kept, over lost links, until the broker has it; waits while there are too many.
        """
        if qos:
            return self._keep(topic, payload, retain)
        if not self.up.is_set():
            return self._refuse()
        if not self._writing.take():
            return self._send(self._codec.publish, topic, payload, retain)
        if self._begin_packet(self._codec.publish(topic, payload, retain)):
            return NOTHING
        return self._end_packet()

    async def _refuse(self):
        raise NotConnected("not connected")

    async def _keep(self, topic, payload, retain):
        while self._outbox.full():
            self._room.clear()
            await self._room.wait()
        self._outbox.put(topic, payload, retain)
        if self.up.is_set():
            try:
                await self._send_outbox()
            except OSError:  # it is kept, the next link carries it
                pass

    async def subscribe(self, filter):
        """Also to this filter (bytes), at QoS 0, until `unsubscribe`; OSError when refused."""
        self._also = filter
        self._subscribed.clear()
        await self._subscribe(filter)
        await self._all_answered()
        if filter in self._refused:
            self._refused.remove(filter)
            raise OSError("the broker refuses to subscribe us to " + filter.decode())

    async def unsubscribe(self):
        """From what `subscribe` has asked for; without a link there is nothing to do."""
        filter, self._also = self._also, None
        if filter and self.up.is_set():
            await self._send(lambda: (borrow("proto.mqttconnect").unsubscribe(filter),))

    def reconnect(self, reason="settings changed"):
        """Take up the link anew."""
        self._backoff.reset()
        self._anew.set()
        self._fail(OSError(reason))

    async def stop(self):
        """Say goodbye (Offline, DISCONNECT), as far as the link still allows."""
        if self.up.is_set():
            try:
                await self.publish(self._topics.lwt, b"Offline", True)
                await self._stream.send(mqtt.DISCONNECT)
            except OSError:
                pass

    async def run(self):
        try:
            while True:
                self.state = await getattr(self, "_" + self.state)()
        finally:
            self._close()
            self.state = "offline"

    async def _offline(self):
        await self._link.ready()
        return "connecting"

    async def _connecting(self):
        self._anew.clear()
        try:
            clean = bool(self._settings["mqttcleansession"])
            self._stream, self._reader = await self._link.open(clean, self._buffer)
        except (OSError, MemoryError) as e:
            return self._lost(e)
        if self._anew.is_set():  # this link is still the old settings'
            self._close()
            return "offline"
        return "connected"

    async def _connected(self):
        started = ticks_ms()
        self._fault = None
        tasks = [asyncio.create_task(self._guard(c)) for c in (self._begin(), self._keep_alive())]
        try:
            self._reader.stall_ms = self._keepalive_ms()
            await self._inbound.run(self._reader, self)
        except (OSError, MemoryError) as e:
            if ticks_diff(ticks_ms(), started) > _STABLE_MS:
                self._backoff.reset()
            return self._lost(self._fault or e)
        finally:
            self._close()
            await finish(*tasks)

    async def _resting(self):
        try:
            await asyncio.wait_for_ms(self._anew.wait(), self._rest_ms)
        except asyncio.TimeoutError:
            pass
        return "offline"

    def _lost(self, error):
        self.reason = borrow("proto.words").why(error)
        self._log.error("mqtt", self.reason)
        self._rest_ms = self._backoff.next_ms()
        if getattr(error, "code", 0) in (4, 5):  # of proto.mqttconnect.Refused
            self._rest_ms = max(self._rest_ms, _LOGIN_MS)
        return "resting"

    def _close(self):
        self.up.clear()
        if self._stream:
            self._stream.close()
            self._stream = self._reader = None

    def _fail(self, error):
        """End this link for that reason."""
        if self._stream:
            self._fault = self._fault or error
            self._stream.abort()

    async def _guard(self, work):
        try:
            await work
        except (OSError, MemoryError) as e:
            self._fail(e)

    async def _begin(self):
        """Subscribe, say Online, send what QoS 1 still owes; then the session is up."""
        self._subscribed.clear()
        self._unanswered.clear()
        self._refused = []
        for filter in self._topics.filters + ([self._also] if self._also else []):
            await self._subscribe(filter)
        await self._all_answered()
        await self._send(self._codec.publish, self._topics.lwt, b"Online", True)
        self._outbox.rewind()
        self.connects += 1
        self.reason = ""
        self._log.info("mqtt", "connected")
        self.up.set()
        await self._send_outbox()
        if self.greet:
            await self.greet(self)
        while True:  # an acknowledgement lets the next message of its topic go
            self._acknowledged.clear()
            await self._send_outbox()
            await self._acknowledged.wait()

    async def _subscribe(self, filter):
        packet_id = mqtt.next_id(60_000 + len(self._unanswered), self._unanswered)
        self._unanswered[packet_id] = filter
        qos = 0 if filter is self._also else 1  # an update is not to come twice
        await self._send(self._codec.subscribe, filter, packet_id, qos)

    async def _all_answered(self):
        try:
            await asyncio.wait_for_ms(self._subscribed.wait(), _ACK_MS)
        except asyncio.TimeoutError:
            raise OSError("no SUBACK") from None

    async def _keep_alive(self):
        """Ping twice as often as promised; the reader's deadline notices a missing answer."""
        while True:
            await asyncio.sleep_ms(self._keepalive_ms() // 2)
            await self._send(self._codec.ping)
            sent = self._outbox.oldest_ms()
            if sent is not None and ticks_diff(ticks_ms(), sent) > _ACK_MS:
                raise OSError("no PUBACK")
            while self._refused:
                await self._subscribe(self._refused.pop())

    def _keepalive_ms(self):
        return 1_000 * self._settings["mqttkeepalive"]

    async def _send_outbox(self):
        while self._outbox.unsent():
            await self._send(self._next_kept)

    def _next_kept(self):
        """The oldest message that this link has not carried, as a packet; None without one."""
        message = self._outbox.unsent()
        if message is None:  # another task was quicker
            return None
        message.sent_ms = ticks_ms()
        return self._codec.publish(
            message.topic, message.payload, message.retain, message.packet_id, message.dup
        )

    async def _send(self, make, *args):
        """The packet that `make` returns (None: nothing), made when the link is ours alone."""
        if not self._writing.take():
            await self._writing.acquire()
        if not self._begin_packet(make(*args)):
            await self._end_packet()

    def _begin_packet(self, packet):
        """Hand what it takes of a packet to the socket; True when that was all.

        The caller has locked `_writing`; unless there is more to write it is free afterwards.
        """
        whole = True
        try:
            if packet:
                if not self._stream:
                    raise NotConnected("not connected")
                whole = self._stream.put(packet)
        except OSError as e:
            self._fail(e)
            raise
        finally:
            if whole:
                self._writing.release()
        return whole

    async def _end_packet(self):
        """The rest of it: a link that carried only a part is of no use any more."""
        whole = False
        try:
            await self._stream.flush()
            whole = True
        except OSError as e:
            self._fail(e)
            raise
        finally:
            self._writing.release()
            if not whole:
                self._fail(OSError("cut off while sending"))

    async def acknowledge(self, packet_id):
        await self._send(lambda: (mqtt.puback(packet_id),))

    def on_puback(self, packet_id):
        self._outbox.acknowledge(packet_id)
        self._acknowledged.set()
        self._room.set()

    def on_suback(self, packet_id, code):
        filter = self._unanswered.pop(packet_id, None)
        if filter and code == 0x80:
            self._refused.append(filter)
            self._log.error("mqtt", "subscription refused: " + filter.decode())
        if not self._unanswered:
            self._subscribed.set()
