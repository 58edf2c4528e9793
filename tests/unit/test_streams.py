"""aio.streams over real sockets: all bytes, no wait for ever, no copy of what is sent."""

import asyncio
import gc
import hashlib
import unittest
from errno import ETIMEDOUT

from fakes import Wire, clock, ended, outcome, read, run

BIG = bytes(i % 251 for i in range(5_000)) * 120  # 600 KB: more than the sockets hold


async def digest(stream, n):
    """SHA-256 of the next n bytes."""
    sha = hashlib.sha256()
    buffer = memoryview(bytearray(16_384))
    while n:
        got = await stream.recv_into(buffer[: min(n, len(buffer))])
        sha.update(buffer[:got])
        n -= got
    return sha.digest()


class TestStream(unittest.TestCase):
    def test_sends_all_of_what_the_socket_takes_in_parts(self):
        async def story():
            async with Wire() as wire:
                reader = asyncio.create_task(digest(wire.peer, len(BIG)))
                await wire.ours.send(BIG)
                self.assertEqual(await reader, hashlib.sha256(BIG).digest())

        run(story())

    def test_sends_views_of_any_item_type_and_nothing(self):
        async def story():
            async with Wire() as wire:
                await wire.ours.send(b"")
                await wire.ours.send(memoryview(b"abcd")[1:3])
                await wire.ours.awrite(bytearray(b"!"))
                wire.ours.close()
                return await read(wire.peer, 10)

        self.assertEqual(run(story()), b"bc!")

    def test_sending_copies_nothing(self):
        async def story():
            async with Wire() as wire:
                sink = memoryview(bytearray(16_384))

                async def swallow():
                    while await wire.peer.recv_into(sink):
                        pass

                task = asyncio.create_task(swallow())
                await wire.ours.send(b"x")
                gc.collect()
                gc.disable()
                before = gc.mem_alloc()
                await wire.ours.send(BIG)
                most = gc.mem_alloc() - before
                gc.enable()
                await ended(task)
                return most

        self.assertTrue(run(story()) < 64_000)

    def test_others_get_their_turn_while_a_big_thing_is_sent(self):
        async def story():
            turns = 0

            async def count():
                nonlocal turns
                while True:
                    turns += 1
                    await asyncio.sleep_ms(0)

            async with Wire() as wire:
                counter = asyncio.create_task(count())
                reader = asyncio.create_task(digest(wire.peer, len(BIG)))
                await wire.ours.send(BIG)
                await reader
                await ended(counter)
            return turns

        self.assertTrue(run(story()) >= len(BIG) // 65_536)

    def test_peer_that_takes_nothing_ends_the_send(self):
        async def story():
            async with Wire(stall_ms=1_000) as wire:
                started = clock.now_ms()
                error = await outcome(wire.ours.send(BIG))
                return error, clock.now_ms() - started

        error, ms = run(story())
        self.assertIsInstance(error, OSError)
        self.assertEqual(error.errno, ETIMEDOUT)
        self.assertTrue(1_000 <= ms < 3_000, ms)

    def test_silent_peer_ends_the_read_after_its_own_deadline(self):
        async def story(stall_ms):
            async with Wire(stall_ms=1_000) as wire:
                started = clock.now_ms()
                error = await outcome(wire.ours.recv_into(bytearray(4), stall_ms))
                return error.errno, clock.now_ms() - started

        for stall_ms, expected in ((0, 1_000), (100, 100), (5_000, 5_000)):
            number, ms = run(story(stall_ms))
            self.assertEqual(number, ETIMEDOUT)
            self.assertTrue(expected <= ms < expected + 100, ms)

    def test_end_of_the_peer_reads_as_nothing(self):
        async def story():
            async with Wire() as wire:
                await wire.peer.send(b"ab")
                wire.peer.close()
                buffer = bytearray(4)
                first = await wire.ours.recv_into(memoryview(buffer))
                return first, await wire.ours.recv_into(memoryview(buffer))

        self.assertEqual(run(story()), (2, 0))

    def test_abort_ends_both_waits_and_later_ones(self):
        async def story():
            async with Wire(stall_ms=100_000) as wire:
                started = clock.now_ms()
                reading = asyncio.create_task(outcome(wire.ours.recv_into(bytearray(4))))
                writing = asyncio.create_task(outcome(wire.ours.send(BIG)))
                await asyncio.sleep_ms(50)
                wire.ours.abort()
                errors = [await reading, await writing]
                errors.append(await outcome(wire.ours.recv_into(bytearray(4))))
                self.assertTrue(clock.now_ms() - started < 1_000)
                return errors

        for error in run(story()):
            self.assertIsInstance(error, OSError)

    def test_close_ends_a_wait_and_may_be_called_twice(self):
        async def story():
            async with Wire(stall_ms=100_000) as wire:
                reading = asyncio.create_task(outcome(wire.ours.recv_into(bytearray(4))))
                await asyncio.sleep_ms(50)
                wire.ours.close()
                wire.ours.close()
                await wire.ours.aclose()
                self.assertEqual(len(wire.deadlines), 0)
                return await reading, await read(wire.peer, 1)

        error, rest = run(story())
        self.assertIsInstance(error, OSError)
        self.assertEqual(rest, b"")

    def test_cancelled_it_stays_cancelled(self):
        async def story():
            async with Wire() as wire:
                reading = asyncio.create_task(wire.ours.recv_into(bytearray(4)))
                await asyncio.sleep_ms(50)
                reading.cancel()
                try:
                    await reading
                except asyncio.CancelledError:
                    return "cancelled"

        self.assertEqual(run(story()), "cancelled")

    def test_peer_that_is_gone_is_an_oserror(self):
        async def story():
            async with Wire(stall_ms=1_000) as wire:
                wire.peer.close()
                return await outcome(wire.ours.send(BIG))

        self.assertIsInstance(run(story()), OSError)


unittest.main()
