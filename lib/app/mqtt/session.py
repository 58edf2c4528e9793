"""The session with the broker: offline -> connecting -> connected -> waiting -> offline ..."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from aio.tasks import finish
from app.mqtt.subscriptions import Subscriptions
from app.mqtt.trail import Trail
from config import limits
from proto import mqtt
from proto.reasons import describe, link_ended

_BUFFER = const(2_048)
_ONLINE = b"Online"


class NotConnected(OSError):
    """There is no session with the broker now."""


class MQTTSession:
    """Publishes and subscribes; `state` and `reason` are for people, `up` is for components.

    `connection.open` returns a connection, `receiver.run` reads it, `outbox` keeps the messages at
    QoS 1, `announce(session)` is awaited after each connect.
    """

    def __init__(self, connection, receiver, outbox, settings, topics, log, new_backoff):
        self._connection = connection
        self._receiver = receiver
        self._outbox = outbox
        self._settings = settings
        self._topics = topics
        self._log = log
        self._backoff = new_backoff()
        self._codec = mqtt.Codec()
        self._subscriptions = Subscriptions(
            topics.filters, self._codec, self._send, lambda: receiver.messages, log
        )
        self._buffer = bytearray(_BUFFER)
        self._stream = self._reader = None
        self._kept = False  # the broker has kept the session of the last link
        self._fault = None  # the reason why the link is being closed
        self._stopped = False  # the broker is about to close the link
        self._wait_ms = 0
        self._trail = Trail()
        self._writable = asyncio.Event()  # no packet is being written
        self._writable.set()
        self._acknowledged = asyncio.Event()
        self._room = asyncio.Event()  # in the outbox
        self._changed = asyncio.Event()  # settings of the connection
        self.announce = None
        self.up = asyncio.Event()
        self.state, self.reason = "offline", ""
        self.connects = 0

    async def publish(self, topic, payload, retain=False, qos=0):
        """Send `payload` (bytes-like, or mqtt.Pieces at QoS 0) to `topic` (bytes).

        QoS 0: raises OSError (NotConnected) if it cannot be written to the socket.
        QoS 1: kept across lost links until the broker has it; waits while the outbox is full.
        Returns the Message, whose event `acknowledged` is set then.
        """
        if qos:
            return await self._keep(topic, payload, retain)
        if not self.up.is_set():
            raise NotConnected("not connected")
        self._trail.note_message(topic, len(payload), retain)
        await self._send(self._codec.publish, topic, payload, retain)

    async def _keep(self, topic, payload, retain):
        while self._outbox.full():
            self._room.clear()
            await self._room.wait()
        message = self._outbox.put(topic, payload, retain)
        if self.up.is_set():
            try:
                await self._send_outbox()
            except OSError:  # it is sent on the next link
                pass
        return message

    async def confirm(self):
        """Wait until a ping shows that the broker has read all of it; OSError if the link ends."""
        link = self.connects
        await self._ping()
        if not await self._trail.pings_answered(
            lambda: self.connects == link and self.up.is_set()
        ):
            raise NotConnected("link lost")

    async def subscribe(self, filter):
        """Subscribe to one more filter (bytes), on each link until `unsubscribe`.

        Raises OSError if there is no link, or the broker refuses.
        """
        await self._subscriptions.add(filter)

    async def unsubscribe(self):
        """End what `subscribe` began."""
        await self._subscriptions.remove(self.up.is_set())

    def reconnect(self, reason="settings changed"):
        """Close the link, if there is one, and open another at once."""
        self._backoff.reset()
        self._changed.set()
        self._fail(OSError(reason))

    async def stop(self, last=b"Offline"):
        """Publish `last` in place of the will and disconnect, if the link still allows it."""
        try:
            await self.publish(self._topics.lwt, last, True)
            self._stopped, self._fault = True, OSError("disconnected")
            await self._send(self._codec.disconnect)
        except OSError:  # there is no link, or it has just ended
            pass

    async def run(self):
        states = {
            "offline": self._offline,
            "connecting": self._connecting,
            "connected": self._connected,
            "waiting": self._waiting,
        }
        try:
            while True:
                self.state = await states[self.state]()
        finally:
            self._close()
            self.state = "offline"

    async def _offline(self):
        await self._connection.ready()
        return "connecting"

    async def _connecting(self):
        self._changed.clear()
        try:
            link = await self._connection.open(self._buffer)
            self._stream, self._reader, self._kept = link
        except mqtt.Refused as e:
            return self._lost(e, limits.MQTT_LOGIN_PAUSE_MS if e.is_login else 0)
        except (OSError, MemoryError) as e:
            return self._lost(e)
        if self._changed.is_set():  # this link leads to the broker of the old settings
            self._close()
            return "offline"
        return "connected"

    async def _connected(self):
        started = ticks_ms()
        self._fault, self._stopped = None, False
        self._trail.begin()
        tasks = [asyncio.create_task(self._guard(c)) for c in (self._begin(), self._keep_alive())]
        try:
            self._reader.stall_ms = self._keepalive_ms()
            await self._receiver.run(self._reader, self, self._kept)
        except (OSError, MemoryError) as e:
            if ticks_diff(ticks_ms(), started) > limits.MQTT_STABLE_MS:
                self._backoff.reset()
            return self._lost(self._explained(self._fault or e))
        finally:
            self._close()
            await finish(*tasks)

    async def _waiting(self):
        try:
            await asyncio.wait_for_ms(self._changed.wait(), self._wait_ms)
        except asyncio.TimeoutError:
            pass
        return "offline"

    def _lost(self, error, min_wait_ms=0):
        self.reason = describe(error)
        (self._log.info if self._stopped else self._log.error)("mqtt", self.reason)
        self._wait_ms = max(self._backoff.next_ms(), min_wait_ms)
        self._log.debug("mqtt", "next attempt in {} ms", self._wait_ms)
        return "waiting"

    def _explained(self, error):
        """Return the error with its cause: a broker that closes a link gives no reason."""
        last = self._trail.suspect(not self._writable.is_set())
        is_picture = last and self._topics.is_picture(last[0])
        return OSError(link_ended(error, self._subscriptions.unanswered(), last, is_picture))

    def _close(self):
        self.up.clear()
        self._trail.end()
        if self._stream:
            self._stream.close()
            self._stream = self._reader = None

    def _fail(self, error):
        """End the link because of `error`; the first error counts."""
        if self._stream:
            self._fault = self._fault or error
            self._stream.abort()

    async def _guard(self, work):
        try:
            await work
        except (OSError, MemoryError) as e:
            self._fail(e)
        except Exception as e:  # a bug of ours: the next link may work
            self._log.error("mqtt", repr(e))
            self._fail(OSError(repr(e)))

    async def _begin(self):
        """Subscribe, publish Online and the kept messages; then send the outbox for ever."""
        await self._subscriptions.renew()
        self._trail.note_message(self._topics.lwt, len(_ONLINE), True)
        await self._send(self._codec.publish, self._topics.lwt, _ONLINE, True)
        self._outbox.rewind()
        self.connects += 1
        self.reason = ""
        self._log.info("mqtt", "connected")
        self.up.set()
        await self._send_outbox()
        if self.announce:
            await self.announce(self)
        while True:
            self._acknowledged.clear()
            await self._send_outbox()
            await self._acknowledged.wait()  # the next message of its topic may go out

    async def _keep_alive(self):
        """Ping twice per keepalive; the reader's deadline notices a missing response.

        A PUBACK is missing if the broker has answered a later ping: it may only be late, behind
        many messages.
        """
        while True:
            await asyncio.sleep_ms(self._keepalive_ms() // 2)
            sent, ponged = self._outbox.oldest_ms(), self._trail.answered_ms
            if sent is not None and ponged is not None and ticks_diff(ponged, sent) > 0:
                if ticks_diff(ticks_ms(), sent) > limits.MQTT_PUBACK_MS:
                    raise OSError("no PUBACK")
            await self._ping()
            await self._subscriptions.retry()

    async def _ping(self):
        self._trail.note_ping()
        await self._send(self._codec.ping)

    def on_pingresp(self):
        self._trail.note_pong()

    def _keepalive_ms(self):
        return 1_000 * self._settings["mqttkeepalive"]

    async def _send_outbox(self):
        while self._outbox.unsent():
            await self._send(self._next_kept)

    def _next_kept(self):
        """Return the oldest message that may go out as a packet, or None."""
        message = self._outbox.unsent()
        if message is None:  # another task has sent it
            return None
        message.sent_ms = ticks_ms()
        topic, payload, number = message.topic, message.payload, message.packet_id
        self._trail.note_message(topic, len(payload), message.retain, number)
        return self._codec.publish(topic, payload, message.retain, number, message.dup)

    async def _send(self, encode, *args):
        """Send the packet that `encode` returns, once no other packet is being written.

        The event is a lock that allocates nothing while it is free; asyncio.Lock makes a
        coroutine, and the search for room on the heap costs a tenth of the throughput.
        """
        while not self._writable.is_set():
            await self._writable.wait()
        self._writable.clear()
        try:
            packet = encode(*args)
            if packet and not self._stream:
                raise NotConnected("not connected")
            if packet and not self._stream.put(packet):
                await self._stream.flush()
                self._trail.note_sent()
        except BaseException as e:  # also when cancelled: a part of the packet may be out
            self._fail(e if isinstance(e, OSError) else OSError("interrupted while sending"))
            raise
        finally:
            self._writable.set()

    async def acknowledge(self, packet_id):
        """Send PUBACK."""
        await self._send(self._codec.puback, packet_id)

    def on_puback(self, packet_id):
        self._outbox.acknowledge(packet_id)
        self._trail.note_puback(packet_id)
        self._acknowledged.set()
        self._room.set()

    def on_suback(self, packet_id, code):
        self._subscriptions.on_suback(packet_id, code)
