"""proto.reasons: errors as text for users; faults are external errors."""

import errno
import unittest

import suite

from app.camera.camera import CameraFault
from app.mqtt.session import NotConnected
from proto.mqtt import Refused
from proto.reasons import describe, no_handshake, no_login, not_reached


class TestFaults(unittest.TestCase):
    def test_faults_are_external_errors(self):
        self.assertTrue(issubclass(CameraFault, OSError))
        self.assertTrue(issubclass(NotConnected, OSError))

    def test_reasons(self):
        for error, reason in (
            (OSError(errno.ECONNREFUSED), "refused"),
            (OSError(errno.ETIMEDOUT), "no answer"),
            (OSError(-errno.ENOMEM), "memory"),
            (OSError(-202), "host name"),
            (OSError(23), "sockets"),
            (OSError("refused: client id"), "refused: client id"),
            (OSError(98765), "98765"),
        ):
            self.assertTrue(reason in describe(error), describe(error))

    def test_connack(self):
        for code, cause, cure in (
            (1, "protocol version", "3.1.1"),
            (2, "client id", "mqttclientid"),
            (3, "server unavailable", "starting"),
            (4, "bad user name or password", "mqttpass"),
            (5, "not authorised", "rules"),
            (200, "code 200", ""),
        ):
            text = describe(Refused(code))
            self.assertTrue(text.startswith("refused: " + cause) and cure in text, text)

    def test_handshake(self):
        alert, eof = -0x7780, -0x7280
        for code, waits, certificate, part in (
            (alert, 1, False, "offers no TLS 1.2, or it requires a client certificate"),
            (alert, 1, True, "offers no TLS 1.2, or it refuses the client certificate"),
            (alert, 2, False, "requires a client certificate: set mqttcert"),
            (alert, 2, True, "refuses the client certificate"),
            (32, 1, False, "requires a client certificate"),
            (104, 3, False, "requires a client certificate"),
            (104, 0, False, "use mqtt://"),
            (eof, 1, True, "use mqtt://"),
            (-0x7200, 1, False, "use mqtt://"),
            (-0x7F00, 0, False, "memory"),
            (-0x6E80, 1, False, "no TLS 1.2"),
        ):
            text = no_handshake(OSError(code, "MBEDTLS_X"), waits, certificate)
            self.assertTrue(part in text, (code, waits, text))

    def test_connection(self):
        for code, part in (
            (errno.ECONNREFUSED, "connection refused by h:1883: is the broker"),
            (104, "connection refused by h:1883"),
            (-202, "host name h not found"),
            (errno.ETIMEDOUT, "no answer in time (h:1883)"),
        ):
            self.assertIn(part, not_reached(OSError(code), "h", 1_883))
        self.assertIn("mqttuser", no_login(OSError(104)))
        self.assertIn("no answer", no_login(OSError(errno.ETIMEDOUT)))

    def test_never_empty(self):
        for error in (OSError(), ValueError(), ValueError(""), MemoryError()):
            self.assertTrue(describe(error))


suite.main()
