"""Packets from the broker: the handler of a message reads the payload itself."""

import asyncio

from micropython import const

from aio.reader import Body
from proto import mqtt

_MAX_TOPIC = const(256)
_MAX_SMALL = const(64)
_REMEMBERED = const(16)
_DUP, _RETAIN = const(8), const(1)


class Receiver:
    """Passes messages to `handler.receive(topic, body, retained)`, other packets to the session.

    Raises ProtocolError for what MQTT 3.1.1 forbids, OSError when the link ends.
    """

    def __init__(self, handler):
        self._handler = handler
        self.messages = 0
        self._recent = []  # packet ids, so that a message delivered twice is handled once

    async def run(self, reader, session):
        self._recent.clear()  # the broker may use the ids of the last link for other messages
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
        if length > _MAX_SMALL:
            raise mqtt.ProtocolError("packet {:02x} of {} bytes".format(first, length))
        body = bytes(await reader.read_exactly(length)) if length else b""
        if (first, length) == (mqtt.UNSUBACK, 2):
            return
        if (first, length) == (mqtt.PINGRESP, 0):
            session.on_pingresp()
        elif first == mqtt.PUBACK and length == 2:
            session.on_puback(body[0] << 8 | body[1])
        elif first == mqtt.SUBACK and length == 3:
            session.on_suback(body[0] << 8 | body[1], body[2])
        else:
            raise mqtt.ProtocolError("packet {:02x} of {} bytes".format(first, length))

    async def _receive(self, first, length, reader, session):
        """Handle one PUBLISH (section 3.3)."""
        self.messages += 1
        qos = first >> 1 & 3
        body = Body(reader, length)
        topic = await _topic(body, 2 if qos else 0)
        packet_id = await _number(body) if qos else 0
        if qos > 1 or (qos and not packet_id):
            raise mqtt.ProtocolError("PUBLISH at QoS {} with id {}".format(qos, packet_id))
        if topic and not (first & _DUP and packet_id in self._recent):
            await self._handler.receive(topic, body, bool(first & _RETAIN))
        await body.skip()
        if qos:
            self._remember(packet_id)
            await session.acknowledge(packet_id)

    def _remember(self, packet_id):
        self._recent.append(packet_id)
        if len(self._recent) > _REMEMBERED:
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
    if length > _MAX_TOPIC:
        left = body.left - length
        while body.left > left:
            await body.read_some(body.left - left)
        return ""
    raw = bytearray(length)
    await body.readinto(memoryview(raw))
    try:
        return raw.decode()
    except UnicodeError:
        raise mqtt.ProtocolError("topic is not UTF-8") from None


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
    raise mqtt.ProtocolError("remaining length")
