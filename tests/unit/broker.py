"""Scripted MQTT broker on the loopback interface, in the test's own event loop."""

import asyncio

from fakes import Deadlines, Stream, ended, listening, read, readable

CONNECT, PUBLISH, PUBACK, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT = 1, 3, 4, 8, 10, 12, 14


class Packet:
    def __init__(self, first, body):
        self.kind = first >> 4
        self.flags = first & 15
        self.body = body
        self.topic = self.payload = None
        self.packet_id = 0
        if self.kind == PUBLISH:
            end = 2 + (body[0] << 8 | body[1])
            self.topic = body[2:end].decode()
            if self.flags & 6:
                self.packet_id = body[end] << 8 | body[end + 1]
                end += 2
            self.payload = body[end:]
        elif self.kind == SUBSCRIBE:
            self.packet_id = body[0] << 8 | body[1]
            self.topic = body[4:-1].decode()
        elif self.kind == UNSUBSCRIBE:
            self.packet_id = body[0] << 8 | body[1]
            self.topic = body[4:].decode()

    @property
    def dup(self):
        return bool(self.flags & 8)

    @property
    def retain(self):
        return bool(self.flags & 1)

    @property
    def qos(self):
        return self.flags >> 1 & 3


class Broker:
    """Responds as its attributes specify; counts `links` and records `packets`."""

    def __init__(self):
        self._sock, self.port = listening()
        self._sock.setblocking(False)
        self._tasks = []
        self.connack = b"\x20\x02\x00\x00"  # b"" = never
        self.suback = 1  # None = never
        self.puback = self.pingresp = self.reads = True
        self.links = self.open = 0
        self.packets = []
        self.stream = None
        self.closes_on = lambda packet: False
        self.on_up = None  # bytes to send after the third SUBACK

    async def __aenter__(self):
        self._tasks.append(asyncio.create_task(self._accept()))
        return self

    async def __aexit__(self, kind, error, trace):
        for task in self._tasks:
            await ended(task)
        self._sock.close()

    def of(self, kind, topic=None):
        """Return the packets of a kind, optionally only those of one topic."""
        return [p for p in self.packets if p.kind == kind and topic in (None, p.topic)]

    async def _accept(self):
        while True:
            await readable(self._sock)
            connection = self._sock.accept()[0]
            connection.setblocking(False)
            self.links += 1
            self._tasks.append(asyncio.create_task(self._serve(connection)))

    async def _serve(self, connection):
        stream = self.stream = Stream(connection, Deadlines())
        self.open += 1
        try:
            while True:
                packet = await self._packet(stream)
                if not packet:
                    return
                self.packets.append(packet)
                if self.closes_on(packet):
                    return
                await stream.send(self._response(packet))
                if packet.kind == SUBSCRIBE and self.on_up and len(self.of(SUBSCRIBE)) == 3:
                    await stream.send(self.on_up)
        except OSError:
            pass
        finally:
            self.open -= 1
            stream.close()

    async def _packet(self, stream):
        first = await read(stream, 1)
        length = shift = 0
        more = True
        while first and more:
            byte = (await read(stream, 1) or b"\0")[0]
            length |= (byte & 127) << shift
            shift += 7
            more = byte & 128
        while not self.reads:
            await asyncio.sleep_ms(100)
        body = await read(stream, length)
        return Packet(first[0], body) if first and len(body) == length else None

    def _response(self, packet):
        if packet.kind == CONNECT:
            return self.connack
        if packet.kind == SUBSCRIBE and self.suback is not None:
            return b"\x90\x03" + packet.body[:2] + bytes((self.suback,))
        if packet.kind == UNSUBSCRIBE:
            return b"\xb0\x02" + packet.body[:2]
        if packet.kind == PUBLISH and packet.qos and self.puback:
            return b"\x40\x02" + bytes((packet.packet_id >> 8, packet.packet_id & 255))
        if packet.kind == PINGREQ and self.pingresp:
            return b"\xd0\x00"
        return b""
