"""proto.reasons: errors as text for users; faults are external errors."""

import errno
import unittest

import suite

from app.camera.camera import CameraFault
from app.mqtt.session import NotConnected
from proto.reasons import describe


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

    def test_never_empty(self):
        for error in (OSError(), ValueError(), ValueError(""), MemoryError()):
            self.assertTrue(describe(error))


suite.main()
