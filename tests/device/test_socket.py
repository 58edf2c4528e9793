"""Checks `socket` against lwIP on the ESP32 over loopback, without a network."""

import asyncio
import select
import socket
import time
import unittest
from errno import EADDRINUSE, EAGAIN, EBADF, ECONNRESET, EINPROGRESS, EINVAL, ETIMEDOUT

PORT = 8_765
HOST = "127.0.0.1"
ENFILE = 23  # missing in `errno`
DNS_FAILURE = -202


def number(function, *args):
    """Return the number of the OSError, or None."""
    try:
        function(*args)
    except OSError as exc:
        return exc.args[0]
    return None


class SocketTestCase(unittest.TestCase):
    def setUp(self):
        self.sockets = []
        self.server = self.new()
        self.server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.server.bind(socket.getaddrinfo("0.0.0.0", PORT)[0][-1])
        self.server.listen(4)

    def tearDown(self):
        for sock in self.sockets:
            sock.close()

    def new(self, *args):
        sock = socket.socket(*args)
        self.sockets.append(sock)
        return sock

    def pair(self):
        client = self.new()
        client.connect((HOST, PORT))
        served, address = self.server.accept()
        self.sockets.append(served)
        self.assertEqual(address[0], HOST)
        self.assertIsInstance(address[1], int)
        return client, served

    def readable(self, sock, timeout_ms=1_000):
        poller = select.poll()
        poller.register(sock, select.POLLIN)
        return bool(poller.poll(timeout_ms))


class TestStreams(SocketTestCase):
    def test_both_directions(self):
        client, served = self.pair()
        self.assertEqual(client.write(b"question"), 8)
        self.assertEqual(served.recv(20), b"question")
        served.sendall(b"answer\nmore")
        self.assertEqual(client.readline(), b"answer\n")
        buffer = bytearray(4)
        self.assertEqual(client.readinto(buffer), 4)
        self.assertEqual(buffer, b"more")

    def test_no_data(self):
        client, served = self.pair()
        client.setblocking(False)
        self.assertEqual(number(client.recv, 4), EAGAIN)
        self.assertIsNone(client.read(4))
        self.assertIsNone(client.readinto(bytearray(4)))
        self.server.setblocking(False)
        self.assertEqual(number(self.server.accept), EAGAIN)

    def test_timeout(self):
        client, served = self.pair()
        client.settimeout(0.2)
        self.assertEqual(number(client.recv, 4), ETIMEDOUT)
        client.settimeout(0.05)  # shorter than a poll of the port
        self.assertEqual(number(client.recv, 4), EAGAIN)

    def test_peer_closes(self):
        client, served = self.pair()
        served.close()
        self.assertTrue(self.readable(client))
        self.assertEqual(client.recv(4), b"")
        client.send(b"first")
        time.sleep_ms(50)
        self.assertEqual(number(client.send, b"second"), ECONNRESET)

    def test_closed_socket(self):
        client, served = self.pair()
        client.close()
        self.assertEqual(number(client.recv, 4), EBADF)
        self.assertEqual(number(client.send, b"x"), EBADF)
        client.close()

    def test_poll(self):
        client, served = self.pair()
        poller = select.poll()
        poller.register(served, select.POLLIN)
        self.assertEqual(poller.poll(0), [])
        client.send(b"x")
        ((ready, event),) = poller.poll(1_000)
        self.assertIs(ready, served)
        self.assertEqual(event, select.POLLIN)

    def test_non_blocking_connect(self):
        client = self.new()
        client.setblocking(False)
        self.assertIn(number(client.connect, (HOST, PORT)), (None, EINPROGRESS))
        self.assertTrue(self.readable(self.server))

    def test_option_of_a_refused_connection(self):
        client = self.new()
        client.setblocking(False)
        client.setsockopt(6, socket.TCP_NODELAY, 1)
        self.assertIn(number(client.connect, (HOST, 9)), (EINPROGRESS, ECONNRESET))
        poller = select.poll()
        poller.register(client, select.POLLOUT)
        self.assertTrue(poller.poll(1_000))
        self.assertEqual(number(client.setsockopt, 6, socket.TCP_NODELAY, 1), EINVAL)


class TestLimits(SocketTestCase):
    def test_ten_sockets_in_all(self):
        first = len(self.sockets)
        while len(self.sockets) < 10:
            self.new()
        self.assertEqual(number(self.new), ENFILE)
        for sock in self.sockets[first:]:
            sock.close()
        self.new()

    def test_port_in_use(self):
        other = self.new()
        self.assertEqual(number(other.bind, (HOST, PORT)), EADDRINUSE)

    def test_refused(self):
        client = self.new()
        client.settimeout(2)

        def connect_and_read():
            client.connect((HOST, PORT + 1))
            client.recv(1)

        self.assertEqual(number(connect_and_read), ECONNRESET)

    def test_unknown_name(self):
        self.assertEqual(number(socket.getaddrinfo, "no.such.name.invalid", 80), DNS_FAILURE)

    def test_unsupported_names_are_missing(self):
        self.assertFalse(hasattr(socket, "SO_KEEPALIVE"))
        self.assertFalse(hasattr(socket, "timeout"))
        self.assertFalse(hasattr(self.server, "recv_into"))
        self.assertFalse(hasattr(self.server, "__enter__"))


class TestDatagrams(SocketTestCase):
    def test_to_self(self):
        one = self.new(socket.AF_INET, socket.SOCK_DGRAM)
        one.bind(("0.0.0.0", PORT))
        two = self.new(socket.AF_INET, socket.SOCK_DGRAM)
        self.assertEqual(two.sendto(b"hello", (HOST, PORT)), 5)
        data, address = one.recvfrom(20)
        self.assertEqual((data, address[0]), (b"hello", HOST))
        one.sendto(b"answer", address)
        two.settimeout(1)
        self.assertEqual(two.recv(20), b"answer")
        two.settimeout(0.2)
        self.assertEqual(number(two.recv, 20), ETIMEDOUT)
        two.settimeout(0.05)
        self.assertEqual(number(two.recv, 20), EAGAIN)


class TestLoop(unittest.TestCase):
    def test_server_and_client(self):
        async def serve(reader, writer):
            line = await reader.readline()
            self.peer = writer.get_extra_info("peername")
            writer.write(line * 1_000)
            await writer.drain()
            writer.close()
            await writer.wait_closed()

        async def talk():
            server = await asyncio.start_server(serve, "0.0.0.0", PORT + 2)
            reader, writer = await asyncio.open_connection(HOST, PORT + 2)
            writer.write(b"line\n")
            await writer.drain()
            data = await reader.read(-1)
            writer.close()
            await writer.wait_closed()
            server.close()
            await server.wait_closed()
            return data

        data = asyncio.run(asyncio.wait_for(talk(), 5))
        self.assertEqual(data, b"line\n" * 1_000)
        self.assertEqual(self.peer[0], HOST)


unittest.main()
