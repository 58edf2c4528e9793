"""app.mqtt.connection: a broker is recognised by its key before the login is sent."""

import asyncio
import unittest

import suite
from fakes import CA, Log, outcome, run
from test_certificate import CA_PIN

from app.mqtt.connection import Connection
from app.mqtt.topics import Topics
from proto.pem import certificates

(DER,) = certificates(CA.encode())
CONNACK = b"\x20\x02\0\0"


class Stream:
    """Connection to a broker with the certificate DER; `error` ends its handshake."""

    waits = 1

    def __init__(self, der, error):
        self._der = der
        self._error = error
        self.sent = b""
        self.is_open = True
        self.stall_ms = 0

    async def peer_certificate(self):
        if self._error:
            raise self._error
        return self._der

    async def send(self, *parts):
        self.sent += b"".join(bytes(part) for part in parts)

    async def recv_into(self, view, stall_ms=0):
        view[: len(CONNACK)] = CONNACK
        return len(CONNACK)

    def close(self):
        self.is_open = False


class Settings(dict):
    def keep(self, name, value):
        self[name] = value


class TestKey(unittest.TestCase):
    def open(self, der=DER, error=None, **more):
        """Return (settings, stream or None, outcome, log) of an attempt."""
        settings = Settings(
            mqtthost="mqtts://broker", mqttport=0, mqttsecurity=0, mqttverify=2, mqttpin=CA_PIN,
            mqttca="", mqttcert="", mqttkey="", mqttclientid="", mqttkeepalive=60,
            mqttcleansession=1, deepsleep=0,
            mqttuser="joe", mqttpass="canary", topic="cam", grouptopic="cams", subtopic="#",
        )  # fmt: skip
        settings.update(more)
        log, streams = Log(), []

        async def connect(host, port, context):
            streams.append(Stream(der, error))
            return streams[0]

        async def scenario():
            self.connect = connect
            wifi, clock = asyncio.Event(), asyncio.Event()
            wifi.set()
            topics = Topics(settings, "DVES_A1B2C3")
            connection = Connection(self, settings, topics, wifi, clock, log)
            self.assertEqual(connection.waits_for, "")  # a key needs no time
            await connection.ready()
            return await outcome(connection.open(bytearray(256)))

        found = run(scenario())
        return settings, streams[0] if streams else None, found, log

    def assert_refused(self, reason, **how):
        settings, stream, error, _ = self.open(**how)
        self.assertIsInstance(error, OSError)
        self.assertIn(reason, str(error))
        if stream:
            self.assertEqual((stream.sent, stream.is_open), (b"", False))
        return settings

    def test_right_key_gets_the_login(self):
        _, stream, found, _ = self.open()
        self.assertEqual(found[2], False)
        self.assertIn(b"canary", stream.sent)

    def test_other_key_gets_nothing(self):
        settings = self.assert_refused("another server may answer", mqttpin="5e" * 32)
        self.assertEqual(settings["mqttpin"], "5e" * 32)
        url = "wss://broker/mqtt?key=canary"
        self.assert_refused("another server may answer", mqttpin="5e" * 32, mqtthost=url)

    def test_without_a_pin_there_is_no_attempt(self):
        _, stream, error, _ = self.open(mqttpin="")
        self.assertIn("set mqttpin, or mqttpin learn", str(error))
        self.assertIsNone(stream)

    def test_key_is_learned_and_named_in_the_log(self):
        for policy in (1, 2):
            settings, stream, found, log = self.open(mqttpin="learn", mqttverify=policy)
            self.assertEqual(settings["mqttpin"], CA_PIN)
            self.assertIn(CA_PIN, str(log.infos))
            self.assertIn(b"canary", stream.sent)

    def test_failed_handshake_learns_nothing_and_has_its_reason(self):
        for number, reason in ((-0x7200, "does not speak TLS"), (110, "no answer in time")):
            settings = self.assert_refused(reason, mqttpin="learn", error=OSError(number))
            self.assertEqual(settings["mqttpin"], "learn")

    def test_certificate_that_cannot_be_read_is_refused(self):
        for pin in ("learn", CA_PIN):
            settings = self.assert_refused("cannot be read", der=DER[:-1], mqttpin=pin)
            self.assertEqual(settings["mqttpin"], pin)

    def test_key_counts_only_with_its_policy(self):
        _, stream, found, _ = self.open(mqttverify=1, mqttpin="5e" * 32)
        self.assertIn(b"canary", stream.sent)
        _, stream, found, _ = self.open(mqtthost="mqtt://broker", mqttpin="5e" * 32)
        self.assertIn(b"canary", stream.sent)


suite.main()
