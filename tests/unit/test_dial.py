"""aio.connect: look up, connect, each in its time; no socket is left behind."""

import asyncio
import os
import unittest

from fakes import Deadlines, Direct, clock, ended, free_port, listening, outcome, read, run

from aio.connect import Dialler


class DNS:
    """Answers after `ms`, with an address or an error."""

    def __init__(self, ms=0, error=None):
        self._ms = ms
        self._error = error
        self.asked = []

    async def call(self, function, host, *args):
        self.asked.append((host,) + args)
        await asyncio.sleep_ms(self._ms)
        if self._error:
            raise self._error
        return function("127.0.0.1", *args)


class NoContext:
    def wrap_socket(self, sock, **how):
        raise ValueError("bad certificate")


class TestDialler(unittest.TestCase):
    def story(self, tell, off_loop=None, **tunables):
        async def whole():
            deadlines = Deadlines(50)
            task = asyncio.create_task(deadlines.run())
            try:
                result = await tell(Dialler(off_loop or Direct(), deadlines, **tunables))
            finally:
                await ended(task)
            self.assertEqual(len(deadlines), 0)  # every stream was closed
            return result

        return run(whole())

    def test_connects_and_talks(self):
        async def tell(dialler):
            server, port = listening()
            stream = await dialler.open("broker.example", port)
            await stream.send(b"hello")
            connection = server.accept()[0]
            self.assertEqual(connection.recv(10), b"hello")
            connection.send(b"world")
            self.assertEqual(await read(stream, 5), b"world")
            stream.close()
            connection.close()
            server.close()

        dns = DNS()
        self.story(tell, dns)
        self.assertEqual(dns.asked[0][0], "broker.example")

    def test_nobody_listens(self):
        async def tell(dialler):
            async def dial():
                stream = await dialler.open("127.0.0.1", free_port())
                try:
                    await stream.send(b"x")  # the first write tells
                finally:
                    stream.close()

            return await outcome(dial())

        self.assertIsInstance(self.story(tell), OSError)

    def test_unknown_host(self):
        error = self.story(
            lambda dialler: outcome(dialler.open("nowhere", 1883)), DNS(error=OSError(-202))
        )
        self.assertIsInstance(error, OSError)

    def test_caller_that_gives_up_leaves_nothing(self):
        async def tell(dialler):
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for_ms(dialler.open("slow", 1883), 1_000)

        self.story(tell, DNS(ms=60_000))

    def test_host_that_answers_nothing_is_given_up(self):
        async def tell(dialler):
            server, port = listening()
            full = []  # a backlog that is full answers no more connects
            started = clock.now_ms()
            try:
                for _ in range(64):
                    stream = await outcome(dialler.open("127.0.0.1", port))
                    if isinstance(stream, Exception):
                        return stream, clock.now_ms() - started
                    full.append(stream)
            finally:
                for stream in full:
                    stream.close()
                server.close()

        error, ms = self.story(tell, connect_ms=2_000)
        self.assertIsInstance(error, OSError)
        self.assertTrue(1_900 <= ms < 5_000, ms)

    def test_fault_of_tls_closes_the_socket(self):
        def sockets():
            return len(os.listdir("/proc/self/fd")) if "proc" in os.listdir("/") else 0

        async def tell(dialler):
            server, port = listening()
            before = sockets()
            for _ in range(3):
                error = await outcome(dialler.open("127.0.0.1", port, NoContext()))
                self.assertIsInstance(error, ValueError)
            self.assertEqual(sockets(), before)
            server.close()

        self.story(tell)


unittest.main()
