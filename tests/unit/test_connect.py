"""aio.connect: each step has a deadline, and no socket remains open."""

import asyncio
import io
import os
import unittest
from errno import ECONNRESET, EINPROGRESS, EINVAL

import suite
from fakes import Deadlines, Direct, clock, ended, free_port, listening, outcome, read, run

from aio import connect
from aio.connect import Connector


class DNS:
    """Responds after `ms` with an address or an error."""

    def __init__(self, ms=0, error=None):
        self._ms = ms
        self._error = error
        self.hosts = []

    async def call(self, function, host, *args):
        self.hosts.append(host)
        await asyncio.sleep_ms(self._ms)
        if self._error:
            raise self._error
        return function("127.0.0.1", *args)


class NoContext:
    def wrap_socket(self, sock, **how):
        raise ValueError("bad certificate")


class RefusedSocket(io.IOBase):
    """lwIP socket whose connection is refused, after which `setsockopt` raises EINVAL."""

    def __init__(self):
        self.options = []
        self.connecting = False

    def setblocking(self, flag):
        pass

    def setsockopt(self, *option):
        if self.connecting:
            raise OSError(EINVAL)
        self.options.append(option)

    def connect(self, address):
        self.connecting = True
        raise OSError(EINPROGRESS)

    def write(self, data, at, size):
        raise OSError(ECONNRESET)

    def close(self):
        pass

    def ioctl(self, request, argument):
        return argument if request == 3 else -EINVAL  # MP_STREAM_POLL: writable


class LwIP:
    """Module `socket` that returns a RefusedSocket."""

    getaddrinfo = None  # the lookup is not under test

    def __init__(self):
        self.made = RefusedSocket()

    def socket(self):
        return self.made


class TestConnector(unittest.TestCase):
    def run_case(self, scenario, off_loop=None, **tunables):
        async def main():
            deadlines = Deadlines(50)
            task = asyncio.create_task(deadlines.run())
            try:
                result = await scenario(Connector(off_loop or Direct(), deadlines, **tunables))
            finally:
                await ended(task)
            self.assertEqual(len(deadlines), 0)  # every stream is closed
            return result

        return run(main())

    def test_connects_and_transfers(self):
        async def scenario(connector):
            server, port = listening()
            stream = await connector.connect("broker.example", port)
            await stream.send(b"hello")
            connection = server.accept()[0]
            self.assertEqual(connection.recv(10), b"hello")
            connection.send(b"world")
            self.assertEqual(await read(stream, 5), b"world")
            stream.close()
            connection.close()
            server.close()

        dns = DNS()
        self.run_case(scenario, dns)
        self.assertEqual(dns.hosts, ["broker.example"])

    def test_closed_port(self):
        async def scenario(connector):
            async def connect():
                stream = await connector.connect("127.0.0.1", free_port())
                try:
                    await stream.send(b"x")  # the first write reports the result
                finally:
                    stream.close()

            return await outcome(connect())

        self.assertIsInstance(self.run_case(scenario), OSError)

    def test_refused_connection_is_reported_on_lwip(self):
        class Address:
            async def call(self, *args):
                return [(2, 1, 0, "", ("192.0.2.1", 1883))]

        async def scenario(connector):
            stream = await connector.connect("192.0.2.1", 1883)
            error = await outcome(stream.send(b"x"))
            stream.close()
            return error

        real, connect.socket = connect.socket, LwIP()
        try:
            error = self.run_case(scenario, Address())
            options = connect.socket.made.options
        finally:
            connect.socket = real
        self.assertEqual((type(error), error.errno), (OSError, ECONNRESET))
        self.assertEqual(options, [(6, 1, 1)])  # TCP_NODELAY

    def test_unknown_host(self):
        error = self.run_case(
            lambda connector: outcome(connector.connect("nowhere", 1883)), DNS(error=OSError(-202))
        )
        self.assertIsInstance(error, OSError)

    def test_cancelled_lookup_leaves_no_deadline(self):
        async def scenario(connector):
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for_ms(connector.connect("slow", 1883), 1_000)

        self.run_case(scenario, DNS(ms=60_000))

    def test_unresponsive_host_ends_at_the_deadline(self):
        async def scenario(connector):
            server, port = listening()
            full = []  # a full backlog accepts no connection
            started = clock.now_ms()
            try:
                for _ in range(64):
                    stream = await outcome(connector.connect("127.0.0.1", port))
                    if isinstance(stream, Exception):
                        return stream, clock.now_ms() - started
                    full.append(stream)
            finally:
                for stream in full:
                    stream.close()
                server.close()

        error, ms = self.run_case(scenario, connect_ms=2_000)
        self.assertIsInstance(error, OSError)
        self.assertTrue(1_900 <= ms < 5_000, ms)

    def test_certificate_fault_closes_the_socket(self):
        def sockets():
            return len(os.listdir("/proc/self/fd")) if "proc" in os.listdir("/") else 0

        async def scenario(connector):
            server, port = listening()
            before = sockets()
            for _ in range(3):
                error = await outcome(connector.connect("127.0.0.1", port, NoContext()))
                self.assertIsInstance(error, ValueError)
            self.assertEqual(sockets(), before)
            server.close()

        self.run_case(scenario)


suite.main()
