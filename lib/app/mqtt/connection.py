"""The way to the broker: what has to be there first, and how long a try may take."""

import asyncio

from micropython import const

from aio.late import borrow

_CONNECT_MS = const(15_000)


class BrokerLink:
    """Opens a stream on which the broker has accepted us; raises OSError with the reason."""

    def __init__(self, dialler, settings, topics, wifi_up, clock_set):
        self._dialler = dialler
        self.settings = settings
        self.topics = topics
        self._wifi_up = wifi_up
        self._clock_set = clock_set
        self.waits_for = ""
        self.tls = False  # whether the last try was by TLS

    def address(self):
        """(host, port, tls) of the settings."""
        s = self.settings
        parse = borrow("proto.uri").parse_broker
        return parse(s["mqtthost"], s["mqttport"], bool(s["mqttsecurity"]))

    def verified(self):
        return not self.settings["mqttverify"]

    async def ready(self):
        """Wait for what a try needs: a network, a broker's name, the time for certificates."""
        while not self.settings["mqtthost"]:
            self.waits_for = "mqtthost is not set"
            await asyncio.sleep_ms(500)
        self.waits_for = "no Wi-Fi"
        await self._wifi_up.wait()
        self.tls = self.address()[2]
        if self.tls and self.verified():
            self.waits_for = "certificates need the time, and no time server has answered"
            await self._clock_set.wait()
        self.waits_for = ""

    async def open(self, clean, buffer):
        """(stream, reader) of an accepted connection."""
        try:
            opened = borrow("app.mqtt.brokeropen").opened(self._dialler, self, clean, buffer)
            return await asyncio.wait_for_ms(opened, _CONNECT_MS)
        except asyncio.TimeoutError:
            raise OSError("no answer in {} s".format(_CONNECT_MS // 1_000)) from None
        except ValueError as e:  # a certificate's fault
            raise OSError(borrow("app.tls").why(e)) from None
