"""Packets from the broker: the handler of a message reads the payload itself."""

import asyncio
from binascii import hexlify

from micropython import const

from aio.reader import Body
from config import limits
from proto import mqtt, mqtttext

_SUBACK_CODES = (0, 1, 2, 0x80)  # section 3.9.3
_DUP, _RETAIN = const(8), const(1)


class Receiver:
    """Passes messages to `handler.receive(topic, body, retained)`, other packets to the session.

    Raises ProtocolError for what MQTT 3.1.1 forbids, OSError when the link ends.
    """

    def __init__(self, handler):
        self._handler = handler
        self.messages = 0
        # Packet ids, so that a message delivered twice is handled once (section 4.3.2): handled
        # since the last PINGRESP, and before it. The one after that proves that the broker has
        # the PUBACK, and may use the id for another message.
        self._recent, self._earlier = [], []

    async def run(self, reader, session, kept=False):
        """Read for ever; `kept` if the broker has kept the session, and so the ids' meaning."""
        if not kept:
            self._recent, self._earlier = [], []
        while True:
            first = await reader.read_byte()
            length = await _remaining_length(reader)
            if first & 0xF0 == mqtt.PUBLISH:
                await self._receive(first, length, reader, session)
            else:
                await self._handle_ack(first, length, reader, session)
            await asyncio.sleep_ms(0)  # yield, also in a flood of packets

    async def _handle_ack(self, first, length, reader, session):
        """Handle an acknowledgement: PINGRESP, PUBACK, SUBACK or UNSUBACK."""
        if length > limits.MQTT_PACKET_BYTES:
            raise mqtt.ProtocolError("packet {:02x} of {} bytes".format(first, length))
        body = bytes(await reader.read_exactly(length)) if length else b""
        if (first, length) == (mqtt.UNSUBACK, 2):
            return
        if (first, length) == (mqtt.PINGRESP, 0):
            self._recent, self._earlier = [], self._recent
            session.on_pingresp()
        elif first == mqtt.PUBACK and length == 2:
            session.on_puback(body[0] << 8 | body[1])
        elif first == mqtt.SUBACK and length == 3 and body[2] in _SUBACK_CODES:
            session.on_suback(body[0] << 8 | body[1], body[2])
        else:
            text = "packet {:02x} of {} bytes {}"
            raise mqtt.ProtocolError(text.format(first, length, hexlify(body[:8]).decode()))

    async def _receive(self, first, length, reader, session):
        """Handle one PUBLISH (section 3.3)."""
        self.messages += 1
        qos = first >> 1 & 3
        if first & _DUP and not qos:  # section 3.3.1.1
            raise mqtt.ProtocolError("PUBLISH at QoS 0 with DUP")
        body = Body(reader, length)
        topic = await _topic(body, 2 if qos else 0)
        packet_id = await _number(body) if qos else 0
        if qos > 1 or (qos and not packet_id):
            raise mqtt.ProtocolError("PUBLISH at QoS {} with id {}".format(qos, packet_id))
        if topic and not (first & _DUP and packet_id in self._recent + self._earlier):
            await self._handler.receive(topic, body, bool(first & _RETAIN))
        await body.skip()
        if qos:
            self._remember(packet_id)
            await session.acknowledge(packet_id)

    def _remember(self, packet_id):
        self._recent.append(packet_id)
        if len(self._recent) > limits.MQTT_PACKET_IDS:
            self._recent.pop(0)


async def _topic(body, after):
    """Return the topic as text; "" for one that is too long to be ours, which is skipped.

    At least `after` more bytes of the packet follow it.
    """
    if body.left < 2:
        raise mqtt.ProtocolError("PUBLISH without topic")
    length = await _number(body)
    if not 0 < length <= body.left - after:
        raise mqtt.ProtocolError("topic of {} bytes".format(length))
    if length > limits.MQTT_TOPIC_BYTES:
        left = body.left - length
        while body.left > left:
            await body.read_some(body.left - left)
        return ""
    raw = bytearray(length)
    await body.readinto(memoryview(raw))
    try:
        topic = mqtttext.decode(raw)
    except UnicodeError:
        raise mqtt.ProtocolError("topic is not UTF-8, or contains NUL") from None
    if not mqtttext.is_name(topic):  # section 3.3.2.1
        raise mqtt.ProtocolError("topic with a wildcard")
    return topic


async def _number(body):
    raw = bytearray(2)
    if await body.readinto(memoryview(raw)) < 2:
        raise mqtt.ProtocolError("packet too short")
    return raw[0] << 8 | raw[1]


async def _remaining_length(reader):
    """Return the remaining length of a packet (section 2.2.3): four bytes at most."""
    value = 0
    for shift in range(0, 28, 7):
        byte = await reader.read_byte()
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value
    raise mqtt.ProtocolError("remaining length of more than four bytes")
