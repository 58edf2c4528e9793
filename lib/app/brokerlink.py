"""The way to the broker: what has to be there first, TCP, TLS, CONNECT and CONNACK."""

import asyncio
import gc

from micropython import const

from aio.late import borrow
from aio.reader import Reader
from proto import mqtt

_CONNECT_MS = const(15_000)


class BrokerLink:
    """Opens a stream on which the broker has accepted us; raises OSError with the reason."""

    def __init__(self, dialler, settings, topics, wifi_up, clock_set):
        self._dialler = dialler
        self._settings = settings
        self._topics = topics
        self._wifi_up = wifi_up
        self._clock_set = clock_set
        self.waits_for = ""

    def address(self):
        """(host, port, tls) of the settings."""
        s = self._settings
        parse = borrow("proto.uri").parse_broker
        return parse(s["mqtthost"], s["mqttport"], bool(s["mqttsecurity"]))

    def verified(self):
        return not self._settings["mqttverify"]

    async def ready(self):
        """Wait for what a try needs: a network, a broker's name, the time for certificates."""
        while not self._settings["mqtthost"]:
            self.waits_for = "mqtthost is not set"
            await asyncio.sleep_ms(500)
        self.waits_for = "no Wi-Fi"
        await self._wifi_up.wait()
        if self.address()[2] and self.verified():
            self.waits_for = "certificates need the time, and no time server has answered"
            await self._clock_set.wait()
        self.waits_for = ""

    async def open(self, clean, buffer):
        """(stream, reader) of an accepted connection."""
        try:
            return await asyncio.wait_for_ms(self._open(clean, buffer), _CONNECT_MS)
        except asyncio.TimeoutError:
            raise OSError("no answer in {} s".format(_CONNECT_MS // 1_000)) from None
        except ValueError as e:  # a certificate's fault
            raise OSError(borrow("app.tls").why(e)) from None

    async def _open(self, clean, buffer):
        host, port, tls = self.address()
        context = None
        if tls:
            gc.collect()  # TLS needs some 40 KB in one piece
            context = borrow("app.tls").client_context(self.verified(), self._settings["mqttca"])
        stream = await self._dialler.open(host, port, context)
        try:
            await stream.send(self._connect_packet(clean))
            reader = Reader(stream, buffer, _CONNECT_MS)
            head = bytes(await reader.take(4))
            if head[:2] != b"\x20\x02":
                raise mqtt.ProtocolError("no CONNACK")
            mqtt.check_connack(head[2:])
            return stream, reader
        except BaseException:
            stream.close()
            raise

    def _connect_packet(self, clean):
        s = self._settings
        return mqtt.connect(
            s["mqttclientid"] or self._topics.device_id,
            s["mqttkeepalive"],
            clean,
            self._topics.lwt,
            b"Offline",
            s["mqttuser"],
            s["mqttpass"],
        )
