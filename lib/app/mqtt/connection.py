"""Connections to the broker: what an attempt needs, and the attempt itself."""

import asyncio
import gc

from micropython import const

from aio.reader import Reader
from app import tls
from config import limits
from proto import mqtt, reasons, uri
from proto.certificate import pin

_POLL_MS = const(100)


class Connection:
    """Opens connections that the broker has accepted."""

    def __init__(self, connector, settings, topics, wifi_up, clock_set, log):
        self._connector = connector
        self._settings = settings
        self._topics = topics
        self._wifi_up = wifi_up
        self._clock_set = clock_set
        self._log = log
        self.tls = False  # of the last attempt

    def address(self):
        """Return (host, port, tls) as the settings have them."""
        s = self._settings
        return uri.parse_broker(s["mqtthost"], s["mqttport"], bool(s["mqttsecurity"]))

    async def ready(self):
        """Wait for all that an attempt needs; the settings may change meanwhile."""
        while self.waits_for:
            await asyncio.sleep_ms(_POLL_MS)
        self.tls = self.address()[2]

    @property
    def waits_for(self):
        """Reason to wait: no broker's address, no Wi-Fi, or no time for certificates; or ""."""
        if not self._settings["mqtthost"]:
            return "mqtthost is not set"
        if not self._wifi_up.is_set():
            return "no Wi-Fi"
        by_ca = self._settings["mqttverify"] == tls.BY_CA
        if self.address()[2] and by_ca and not self._clock_set.is_set():
            return "certificates need the time, and no time server has answered"
        return ""

    async def open(self, buffer):
        """Return (stream, reader, True if the broker has kept the session).

        The reader uses `buffer`. Raises OSError with the reason."""
        try:
            return await asyncio.wait_for_ms(
                self._open(self._is_clean(), buffer), limits.MQTT_CONNECT_MS
            )
        except asyncio.TimeoutError:
            raise OSError("no answer in {} s".format(limits.MQTT_CONNECT_MS // 1_000)) from None
        except ValueError as e:  # the certificate is refused
            raise OSError(tls.describe(e)) from None

    def _is_clean(self):
        """Return True for a clean session; with deep sleep, the broker has to keep commands."""
        return bool(self._settings["mqttcleansession"]) and not self._settings["deepsleep"]

    async def _open(self, clean, buffer):
        host, port, secure = self.address()
        self._log.debug("mqtt", "connecting to {}:{}{}", host, port, ", TLS" if secure else "")
        context = None
        if secure:
            gc.collect()  # TLS needs some 40 KB in one piece
            context = self._context()
        try:
            stream = await self._connector.connect(host, port, context)
        except OSError as e:
            raise OSError(reasons.not_reached(e, host, port)) from None
        try:
            if secure:
                await self._check_key(stream)
            path = uri.websocket_path(self._settings["mqtthost"])
            if path:
                from app.mqtt.websocket import WebSocket  # 8 KB of heap, where code is not frozen

                stream = WebSocket(stream)
            await self._send_login(stream, clean, host, port, path)
            reader = Reader(stream, buffer, 2 * limits.MQTT_CONNECT_MS)  # longer than the attempt
            return stream, reader, await self._receive_connack(reader, clean)
        except BaseException:
            stream.close()
            raise

    def _context(self):
        s = self._settings
        if s["mqttverify"] == tls.BY_PIN and not s["mqttpin"]:
            raise tls.TLSConfigError("no key of the broker: set mqttpin, or mqttpin learn")
        by_ca = s["mqttverify"] == tls.BY_CA
        return tls.client_context(by_ca, s["mqttca"], s["mqttcert"], s["mqttkey"])

    async def _check_key(self, stream):
        """Compare the broker's key with `mqttpin`, or learn it; until then nothing is sent."""
        s = self._settings
        if s["mqttverify"] != tls.BY_PIN and s["mqttpin"] != tls.LEARN:
            return
        try:
            certificate = await stream.peer_certificate()
        except OSError as e:
            raise OSError(self._no_handshake(e, stream)) from None
        found = pin(certificate)
        if s["mqttpin"] == tls.LEARN:
            s.keep("mqttpin", found)
            self._log.info("mqtt", "learned the broker's key: mqttpin is " + found)
        elif s["mqttpin"] != found:
            self._log.debug("mqtt", "the broker's key is {}", found)
            raise OSError(
                "the broker's key is not mqttpin: another server may answer; if the broker has a"
                " new key, set mqttpin to it, or to learn"
            )

    async def _send_login(self, stream, clean, host, port, path):
        """Send CONNECT, in TLS after the handshake; a refused connection shows itself here."""
        try:
            if path:
                await stream.open(host, port, path)
            await stream.send(self._connect_packet(clean))
        except OSError as e:
            if self.tls:
                reason = self._no_handshake(e, stream)
            else:
                reason = reasons.not_reached(e, host, port)
            raise OSError(reason) from None

    def _no_handshake(self, error, stream):
        return reasons.no_handshake(error, stream.waits, bool(self._settings["mqttcert"]))

    async def _receive_connack(self, reader, clean):
        """Return True if the broker has kept the session; raises OSError with the reason."""
        try:
            packet = await reader.read_exactly(4)
        except OSError as e:
            raise OSError(reasons.no_login(e)) from None
        other = reasons.no_connack(bytes(packet))
        if other:
            raise OSError(other)
        return mqtt.check_connack(packet, clean)

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
