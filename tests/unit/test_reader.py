"""aio.reader: one small buffer for any split of the data."""

import asyncio
import gc
import unittest

import suite
from fakes import Wire, ended, outcome, run

from aio.reader import Body, Reader


class Source:
    """Stream of `data` in pieces of `step` bytes."""

    def __init__(self, data, step):
        self._data = data
        self._step = step
        self._at = 0

    async def recv_into(self, view, stall_ms=0):
        part = self._data[self._at : self._at + min(self._step, len(view))]
        view[: len(part)] = part
        self._at += len(part)
        return len(part)


class Endless:
    async def recv_into(self, view, stall_ms=0):
        return len(view)


TEXT = bytes(i % 251 for i in range(1_000))


class TestReader(unittest.TestCase):
    def test_every_split_yields_the_same_bytes(self):
        async def read_all(step, size, lengths):
            reader = Reader(Source(TEXT, step), bytearray(size), 1_000)
            got, i = b"", 0
            while len(got) < len(TEXT):
                n = min(lengths[i % len(lengths)], len(TEXT) - len(got))
                got += bytes(await reader.read_exactly(n))
                i += 1
            return got

        for step in (1, 2, 7, 16, 1_000):
            for lengths in ((1,), (16,), (1, 15, 2), (5, 11, 16, 3)):
                self.assertEqual(run(read_all(step, 16, lengths)), TEXT)

    def test_byte_is_an_integer(self):
        reader = Reader(Source(b"\x00\xff", 1), bytearray(4), 1_000)
        self.assertEqual([run(reader.read_byte()), run(reader.read_byte())], [0, 255])

    def test_take_of_more_than_the_buffer_is_refused(self):
        reader = Reader(Source(TEXT, 1), bytearray(8), 1_000)
        with self.assertRaises(ValueError):
            run(reader.read_exactly(9))

    def test_some_returns_available_bytes_up_to_its_limit(self):
        reader = Reader(Source(b"abcdefgh", 5), bytearray(8), 1_000)
        self.assertEqual(bytes(run(reader.read_some(3))), b"abc")
        self.assertEqual(bytes(run(reader.read_some(10))), b"de")
        self.assertEqual(bytes(run(reader.read_some(10))), b"fgh")

    def test_end_of_the_stream_is_an_oserror(self):
        reader = Reader(Source(b"ab", 2), bytearray(8), 1_000)
        self.assertIsInstance(run(outcome(reader.read_exactly(3))), OSError)

    def test_other_tasks_run_while_a_peer_is_always_ready(self):
        async def scenario():
            turns = 0

            async def count():
                nonlocal turns
                while True:
                    turns += 1
                    await asyncio.sleep_ms(0)

            counter = asyncio.create_task(count())
            await Body(Reader(Endless(), bytearray(1_000), 1_000), 100_000).skip()
            await ended(counter)
            return turns

        self.assertTrue(run(scenario()) >= 100)

    def test_timeout_is_an_oserror(self):
        async def scenario():
            async with Wire() as wire:
                reader = Reader(wire.ours, bytearray(8), 50)
                await wire.peer.send(b"a")
                self.assertEqual(await reader.read_byte(), 97)
                return await outcome(reader.read_byte())

        self.assertIsInstance(run(scenario()), OSError)


class TestBody(unittest.TestCase):
    def test_ends_with_the_message(self):
        async def scenario(step):
            reader = Reader(Source(b"0123456789|next", step), bytearray(8), 1_000)
            body = Body(reader, 10)
            view = bytearray(4)
            self.assertEqual(await body.readinto(memoryview(view)), 4)
            self.assertEqual(bytes(view), b"0123")
            self.assertEqual(body.left, 6)
            rest = b""
            while body.left:
                rest += bytes(await body.read_some(100))
            self.assertEqual(rest, b"456789")
            self.assertEqual(bytes(await body.read_some()), b"")
            self.assertEqual(bytes(await reader.read_exactly(5)), b"|next")

        for step in (1, 3, 8):
            run(scenario(step))

    def test_into_stops_at_the_end_of_the_message(self):
        body = Body(Reader(Source(b"abcdef", 6), bytearray(8), 1_000), 3)
        view = bytearray(5)
        self.assertEqual(run(body.readinto(memoryview(view))), 3)
        self.assertEqual(bytes(view), b"abc\0\0")

    def test_skipping_ten_megabytes_takes_no_heap(self):
        async def scenario():
            body = Body(Reader(Endless(), bytearray(2_048), 1_000), 10_000_000)
            gc.collect()
            before = gc.mem_alloc()
            await body.skip()
            gc.collect()
            self.assertEqual(body.left, 0)
            self.assertTrue(gc.mem_alloc() - before < 4_096)

        run(scenario())

    def test_read_of_an_empty_body_does_not_wait(self):
        async def scenario():
            body = Body(Reader(Source(b"", 1), bytearray(8), 1_000), 0)
            return await asyncio.wait_for(body.readinto(memoryview(bytearray(3))), 1)

        self.assertEqual(run(scenario()), 0)


suite.main()
