"""app.tls: contexts verify by default, without a silent fallback."""

import os
import ssl
import unittest

import suite
from fakes import CA

from app import tls
from app.tls import TLSConfigError, check_ca, client_context
from proto.values import BadArgument


class TestContext(unittest.TestCase):
    def setUp(self):
        for name in ("ca.pem",):
            try:
                os.remove(name)
            except OSError:
                pass

    tearDown = setUp

    def write(self, data):
        with open("ca.pem", "wb") as f:
            f.write(data)
        return "ca.pem"

    def test_verifies_with_a_ca(self):
        for data in (
            CA,
            CA * 2,
            "comment\n" + CA,
            CA.replace("\n", "\r\n"),
            CA.replace("\n", " "),
        ):
            context = client_context(True, self.write(data.encode()))
            self.assertEqual(context.verify_mode, ssl.CERT_REQUIRED)

    def test_verifies_with_a_ca_in_der(self):
        from proto.pem import certificates

        context = client_context(True, self.write(certificates(CA.encode())[0]))
        self.assertEqual(context.verify_mode, ssl.CERT_REQUIRED)

    def test_no_context_without_a_usable_ca(self):
        for data in (b"", b"x", CA[:200].encode(), CA.encode()[:-30], b"\x30\x03abc"):
            with self.assertRaises(TLSConfigError):
                client_context(True, self.write(data))
        with self.assertRaises(TLSConfigError):
            client_context(True, self.write(CA.encode() + b"\n" * 65_536))
        with self.assertRaises(TLSConfigError):
            client_context(True, self.write(CA.replace("MIIB", "MIIC").encode()))
        for path in ("", "nothing.pem"):
            with self.assertRaises(TLSConfigError):
                client_context(True, path)

    def test_message_has_advice(self):
        for path, reason in (
            ("", "no CA"),
            ("nothing.pem", "missing"),
            (self.write(CA.encode() + b"\n" * 16_384), "too long"),
        ):
            try:
                client_context(True, path)
                self.fail(path)
            except TLSConfigError as e:
                self.assertTrue(reason in str(e) and "mqttca" in str(e), e)

    def test_fault_is_an_oserror_which_the_session_retries(self):
        self.assertTrue(issubclass(TLSConfigError, OSError))

    def test_verification_is_disabled_only_on_request(self):
        context = client_context(False, "")
        self.assertEqual(context.verify_mode, ssl.CERT_NONE)

    def test_verification_needs_a_host_name(self):
        import socket

        context = client_context(True, self.write(CA.encode()))
        sock = socket.socket()
        with self.assertRaises(ValueError):
            context.wrap_socket(sock, do_handshake_on_connect=False)
        sock.close()

    def test_check_ca_refuses_unusable_certificates(self):
        check_ca(CA)
        check_ca(CA * 2)
        for text in ("x", CA[:300], CA.replace("MIIB", "MIIC")):
            with self.assertRaises(BadArgument):
                check_ca(text)


class TestWhy(unittest.TestCase):
    def test_tls_errors_as_text_for_users(self):
        for text, reason in (
            ("The certificate Common Name (CN) does not match with the expected CN", "host"),
            ("The certificate validity has expired", "not valid now"),
            ("The certificate validity starts in the future", "not valid now"),
            ("The certificate is not correctly signed by the trusted CA", "CA"),
        ):
            self.assertTrue(reason in tls.describe(ValueError(text)), text)
        self.assertTrue(tls.describe(OSError(-0x7780, "MBEDTLS_ERR_SSL_FATAL_ALERT")))
        self.assertTrue(isinstance(tls.describe(OSError()), str))


suite.main()
