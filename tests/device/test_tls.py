"""Checks `ssl` against the ESP32, with server and client in one interpreter over loopback.

The certificate for camera.test is valid from 2020 to 2048 and only for these tests.
"""

import socket
import ssl
import time
import unittest
from binascii import a2b_base64
from errno import ECONNRESET, ETIMEDOUT

from machine import RTC

PORT = 8_843
HOST = "127.0.0.1"
NO_CA = -30_336
CERTIFICATE = a2b_base64(
    b"MIIBRDCB7KADAgECAgEBMAoGCCqGSM49BAMCMBYxFDASBgNVBAMMC2NhbWVyYS50ZXN0MB4XDTIwMDEwMTAwMDAw"
    b"MFoXDTQ5MDEwMTAwMDAwMFowFjEUMBIGA1UEAwwLY2FtZXJhLnRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC"
    b"AATnLzA5KtOWtbroWsAei73KrNvRpKyvtKPgfYAe4Flwytlfk0EhwEkleRl7pyAgDnqBPOV52XJXGHdhnjUwqhBB"
    b"oyswKTAPBgNVHRMBAf8EBTADAQH/MBYGA1UdEQQPMA2CC2NhbWVyYS50ZXN0MAoGCCqGSM49BAMCA0cAMEQCIEAM"
    b"3CYmmrye0jw9AdsHreklNqOM2hz82oCE9wYKZyEvAiBq3oMN2/nK0q7d87AD3Xi+twG1ly2mdCy+/n61Z6R4rg=="
)
KEY = a2b_base64(
    b"MHcCAQEEIL67O8e+41QVAdGX1SdVaZBlxg6/F3VTFXnqs3vKCfmKoAoGCCqGSM49AwEHoUQDQgAE5y8wOSrTlrW6"
    b"6FrAHou9yqzb0aSsr7Sj4H2AHuBZcMrZX5NBIcBJJXkZe6cgIA56gTzledlyVxh3YZ41MKoQQQ=="
)


def refused(function, *args, **kwargs):
    """Return the type and arguments of the exception, or None."""
    try:
        function(*args, **kwargs)
    except (OSError, ValueError) as exc:
        return type(exc), exc.args
    return None


def client_context(ca=CERTIFICATE):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    if ca:
        context.load_verify_locations(cadata=ca)
    return context


class TestContext(unittest.TestCase):
    def test_verification_is_off_by_default(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.assertEqual(context.verify_mode, ssl.CERT_NONE)

    def test_garbage_is_refused_as_a_certificate(self):
        invalid = ValueError, ("invalid cert",)
        self.assertEqual(refused(client_context, b"garbage"), invalid)

    def test_server_needs_a_key(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.assertEqual(refused(context.load_cert_chain, b"garbage", KEY)[0], ValueError)

    def test_host_name_is_required(self):
        sock = socket.socket()
        error = refused(client_context().wrap_socket, sock)
        sock.close()
        self.assertEqual(error, (ValueError, ("CERT_REQUIRED requires server_hostname",)))


class TLSTestCase(unittest.TestCase):
    """Connection over loopback, with the clock set so that the certificate is valid."""

    def setUp(self):
        self.before = RTC().datetime()
        RTC().datetime((2026, 11, 22, 0, 12, 0, 0, 0))
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(socket.getaddrinfo("0.0.0.0", PORT)[0][-1])
        listener.listen(1)
        self.near = socket.socket()
        self.near.connect((HOST, PORT))
        self.far, _ = listener.accept()
        listener.close()

    def tearDown(self):
        self.near.close()
        self.far.close()
        RTC().datetime(self.before)

    def client(self, context, name="camera.test"):
        self.near.setblocking(False)
        return context.wrap_socket(self.near, do_handshake_on_connect=False, server_hostname=name)

    def server(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE, KEY)
        self.far.setblocking(False)
        return context.wrap_socket(self.far, server_side=True, do_handshake_on_connect=False)

    def talk(self, client):
        """Run both ends alternately until the client has read the server's data."""
        server, sent = self.server(), None
        end = time.ticks_add(time.ticks_ms(), 10_000)
        while time.ticks_diff(end, time.ticks_ms()) > 0:
            if not sent:
                try:
                    sent = server.write(b"x")
                except (OSError, ValueError):  # refused by the client, whose error counts
                    sent = True
            data = client.read(1)
            if data:
                return data
            time.sleep_ms(1)
        self.fail("no end of the handshake")


class TestHandshake(TLSTestCase):
    def test_trusted(self):
        self.assertEqual(self.talk(self.client(client_context())), b"x")

    def test_wrong_host(self):
        kind, args = refused(self.talk, self.client(client_context(), "other.test"))
        self.assertEqual(kind, ValueError)
        text = "\nThe certificate Common Name (CN) does not match with the expected CN\n"
        self.assertEqual(args, (text,))

    def test_certificate_of_the_peer(self):
        """Without verification any is accepted; it is shown once the handshake is over."""
        client = self.client(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "other.test")
        self.assertIsNone(client.getpeercert(True))
        self.assertEqual(self.talk(client), b"x")
        self.assertEqual(client.getpeercert(True), CERTIFICATE)

    def test_certificate_is_shown_before_the_peer_has_sent_data(self):
        client, server = self.client(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)), self.server()
        for _ in range(1_000):
            self.assertIsNone(server.read(1))
            self.assertIsNone(client.read(1))
            if client.getpeercert(True):
                break
            time.sleep_ms(1)
        self.assertEqual(client.getpeercert(True), CERTIFICATE)

    def test_clock_not_set(self):
        RTC().datetime((2000, 1, 1, 0, 0, 0, 0, 0))
        kind, args = refused(self.talk, self.client(client_context()))
        self.assertEqual(kind, ValueError)
        self.assertEqual(args, ("\nThe certificate validity starts in the future\n",))

    def test_without_ca(self):
        kind, args = refused(self.talk, self.client(client_context(None)))
        self.assertEqual((kind, args[0]), (OSError, NO_CA))

    def test_peer_without_tls(self):
        client = self.client(client_context())
        self.assertIsNone(client.read(1))  # sends the first flight
        time.sleep_ms(100)
        self.far.close()  # a reset, because the flight is unread
        time.sleep_ms(100)
        self.assertEqual(refused(client.read, 1), (OSError, (ECONNRESET,)))

    def test_silent_peer(self):
        """The error number is negative or not, and the connection cannot be used afterwards."""
        self.near.settimeout(0.2)
        wrap = client_context().wrap_socket
        client = wrap(self.near, do_handshake_on_connect=False, server_hostname="camera.test")
        for _ in range(2):
            kind, args = refused(client.read, 1)
            self.assertEqual((kind, abs(args[0])), (OSError, ETIMEDOUT))

    def test_silent_peer_of_a_handshake(self):
        self.near.settimeout(0.2)
        kind, args = refused(
            client_context().wrap_socket, self.near, server_hostname="camera.test"
        )
        self.assertEqual((kind, abs(args[0])), (OSError, ETIMEDOUT))

    def test_missing_methods(self):
        client = self.client(client_context())
        self.assertFalse(hasattr(client, "settimeout"))
        self.assertFalse(hasattr(client, "fileno"))


unittest.main()
