"""aio.streams over real sockets: complete transfers, bounded waits, no copying."""

import asyncio
import gc
import hashlib
import io
import unittest
from errno import ECONNRESET, ETIMEDOUT

import suite
from fakes import Deadlines, Stream, Wire, clock, ended, outcome, read, run

BIG = bytes(i % 251 for i in range(5_000)) * 120  # 600 KB, more than the sockets buffer


async def digest(stream, n):
    """Return the SHA-256 of the next n bytes."""
    sha = hashlib.sha256()
    buffer = memoryview(bytearray(16_384))
    while n:
        got = await stream.recv_into(buffer[: min(n, len(buffer))])
        sha.update(buffer[:got])
        n -= got
    return sha.digest()


class SmallSocket(io.IOBase):
    """Plain socket with a buffer of 10 KB that the peer empties while the sender waits."""

    polls = 0

    def write(self, data, at, size):
        return min(size, 10_000)

    def ioctl(self, request, argument):
        if request != 3:  # MP_STREAM_POLL
            return -22
        self.polls += 1
        return argument

    def close(self):
        pass


class Records(io.IOBase):
    """TLS socket that writes like Mbed TLS, over a socket with `room` bytes of buffer.

    The next write flushes a record that did not fit and returns its own length, so the data is
    intact only if that is the length of the pending record.
    """

    def __init__(self, room, record=3_000, ms=0):
        self._ms = ms  # for a write
        self._room = self._free = room
        self.refusals = 0  # writes of less than the caller wanted
        self._record = record
        self._pending = None
        self.received = hashlib.sha256()

    def write(self, data, at, size):
        clock.skipped_ms += self._ms
        done = 0
        size = min(size, len(data) - at)
        while done < size:
            length = min(size - done, self._record)
            if self._pending is None:
                self._pending = memoryview(data)[at + done : at + done + length]
            if len(self._pending) > self._free:
                self.refusals += 1
                return done or None
            self._free -= len(self._pending)
            self.received.update(self._pending)
            self._pending = None
            done += length
        return done

    def ioctl(self, request, argument):
        if request != 3:  # MP_STREAM_POLL
            return -22
        self._free = self._room  # the peer reads while the sender waits
        return argument

    def close(self):
        pass

    def wrap_socket(self, sock, server_hostname, do_handshake_on_connect):
        return self


class Handshake(io.IOBase):
    """TLS socket that shows `certificate` after some polls; then a read returns `data`."""

    def __init__(self, polls, certificate=b"certificate", data=None):
        self._left = polls
        self._certificate = certificate
        self._data = data

    def wrap_socket(self, sock, server_hostname, do_handshake_on_connect):
        return self

    def readinto(self, buffer):
        return None if self._left else self._data

    def getpeercert(self, binary_form):
        return None if self._left else self._certificate

    def ioctl(self, request, argument):
        if request != 3:  # MP_STREAM_POLL
            return -22
        self._left = max(0, self._left - 1)
        return argument if not self._left else 0

    def close(self):
        pass


async def turns_during(work):
    """Run `work` and return how often another task ran during that time."""
    turns = 0

    async def count():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep_ms(0)

    counter = asyncio.create_task(count())
    await work
    await ended(counter)
    return turns


class TestTLS(unittest.TestCase):
    def test_every_byte_arrives_with_any_room_in_the_socket(self):
        async def scenario(room):
            records = Records(room)
            async with Wire() as wire:
                wire.ours.wrap(records, "broker")
                await wire.ours.send(b"a fixed header of 22 b", memoryview(BIG)[:200_000])
            return records.received.digest()

        expected = hashlib.sha256(b"a fixed header of 22 b" + BIG[:200_000]).digest()

        for room in range(4_096, 70_000, 2_000):
            self.assertEqual(run(scenario(room)), expected, room)

    def test_waits_for_each_record_only_once_with_the_buffers_of_the_chip(self):
        async def scenario():
            records = Records(room=5_760, record=4_096)
            async with Wire() as wire:
                wire.ours.wrap(records, "broker")
                await wire.ours.send(memoryview(BIG)[:100_000])
            return records.refusals

        self.assertEqual(run(scenario()), 100_000 // 4_096)

    def test_other_tasks_run_while_the_chip_encrypts(self):
        async def scenario(ms):
            async with Wire() as wire:
                wire.ours.wrap(Records(len(BIG), ms=ms), "broker")
                return await turns_during(wire.ours.send(BIG))

        slices = len(BIG) // 16_384
        self.assertTrue(run(scenario(60)) >= slices)
        self.assertTrue(1 < run(scenario(1)) < slices // 5)  # a PC does not wait for each record

    def peer_certificate(self, handshake, stall_ms=1_000):
        async def scenario():
            async with Wire(stall_ms) as wire:
                wire.ours.wrap(handshake, "broker")
                found = await outcome(wire.ours.peer_certificate())
                if not isinstance(found, Exception):
                    self.assertEqual(wire.ours.waits, 1)
                wire.ours.close()
                return found, await asyncio.wait_for(read(wire.peer, 1), 10)

        return run(scenario())

    def test_certificate_of_the_server_before_any_data_is_sent(self):
        self.assertEqual(self.peer_certificate(Handshake(5)), (b"certificate", b""))

    def test_server_that_closes_or_speaks_first_has_no_certificate(self):
        for data in (0, 1):
            error, sent = self.peer_certificate(Handshake(5, data=data))
            self.assertEqual((type(error), error.errno, sent), (OSError, ECONNRESET, b""))

    def test_handshake_that_stalls_ends(self):
        error, _ = self.peer_certificate(Handshake(1_000_000_000))
        self.assertEqual((type(error), error.errno), (OSError, ETIMEDOUT))

    def test_close_frees_the_socket_after_a_failed_handshake(self):
        async def scenario():
            async with Wire() as wire:
                wire.ours.wrap(Records(0), "broker")
                wire.ours.close()
                return await asyncio.wait_for(read(wire.peer, 1), 10)

        self.assertEqual(run(scenario()), b"")


class TestStream(unittest.TestCase):
    def test_sends_everything_in_small_writes(self):
        async def scenario():
            async with Wire() as wire:
                reader = asyncio.create_task(digest(wire.peer, len(BIG)))
                await wire.ours.send(BIG)
                self.assertEqual(await reader, hashlib.sha256(BIG).digest())

        run(scenario())

    def test_sends_views_bytearrays_and_empty_bytes(self):
        async def scenario():
            async with Wire() as wire:
                await wire.ours.send(b"")
                await wire.ours.send(memoryview(b"abcd")[1:3])
                await wire.ours.send(bytearray(b"!"))
                wire.ours.close()
                return await read(wire.peer, 10)

        self.assertEqual(run(scenario()), b"bc!")

    def test_sending_copies_nothing(self):
        async def scenario():
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

        self.assertTrue(run(scenario()) < 64_000)

    def test_full_socket_is_waited_for_in_the_loop(self):
        async def scenario():
            sock = SmallSocket()
            stream = Stream(sock, Deadlines())
            await stream.send(BIG)
            stream.close()
            return sock.polls

        self.assertTrue(run(scenario()) >= len(BIG) // 10_000 - 1)

    def test_send_to_a_peer_that_reads_nothing_times_out(self):
        async def scenario():
            async with Wire(stall_ms=1_000) as wire:
                started = clock.now_ms()
                error = await outcome(wire.ours.send(BIG))
                return error, clock.now_ms() - started

        error, ms = run(scenario())
        self.assertIsInstance(error, OSError)
        self.assertEqual(error.errno, ETIMEDOUT)
        self.assertTrue(1_000 <= ms < 3_000, ms)

    def test_busy_stream_whose_peer_does_not_read_is_idle(self):
        async def scenario():
            async with Wire() as wire:
                wire.ours.busy_for(None)
                seen = []
                sending = asyncio.create_task(outcome(wire.ours.send(BIG)))
                for _ in range(2):
                    await asyncio.sleep_ms(300)
                    seen.append(wire.ours.idle)
                reading = asyncio.create_task(digest(wire.peer, len(BIG)))
                await sending
                await reading
                return seen + [wire.ours.idle]

        self.assertEqual(run(scenario()), [False, True, False])

    def test_read_from_a_silent_peer_times_out(self):
        async def scenario(stall_ms):
            async with Wire(stall_ms=1_000) as wire:
                started = clock.now_ms()
                error = await outcome(wire.ours.recv_into(bytearray(4), stall_ms))
                return error.errno, clock.now_ms() - started

        for stall_ms, expected in ((0, 1_000), (100, 100), (5_000, 5_000)):
            number, ms = run(scenario(stall_ms))
            self.assertEqual(number, ETIMEDOUT)
            self.assertTrue(expected <= ms < expected + 100, ms)

    def test_end_of_the_stream_reads_as_0_bytes(self):
        async def scenario():
            async with Wire() as wire:
                await wire.peer.send(b"ab")
                wire.peer.close()
                buffer = bytearray(4)
                first = await wire.ours.recv_into(memoryview(buffer))
                return first, await wire.ours.recv_into(memoryview(buffer))

        self.assertEqual(run(scenario()), (2, 0))

    def test_abort_ends_present_and_later_waits(self):
        async def scenario():
            async with Wire(stall_ms=100_000) as wire:
                started = clock.now_ms()
                reading = asyncio.create_task(outcome(wire.ours.recv_into(bytearray(4))))
                writing = asyncio.create_task(outcome(wire.ours.send(BIG)))
                await asyncio.sleep_ms(50)
                wire.ours.abort()
                errors = [await reading, await writing]
                errors.append(await outcome(wire.ours.recv_into(bytearray(4))))
                await wire.peer.send(b"more")
                errors.append(await outcome(wire.ours.recv_into(bytearray(4))))
                self.assertTrue(clock.now_ms() - started < 1_000)
                return errors

        for error in run(scenario()):
            self.assertIsInstance(error, OSError)

    def test_close_ends_a_wait_and_can_be_repeated(self):
        async def scenario():
            async with Wire(stall_ms=100_000) as wire:
                reading = asyncio.create_task(outcome(wire.ours.recv_into(bytearray(4))))
                await asyncio.sleep_ms(50)
                wire.ours.close()
                wire.ours.close()
                wire.ours.close()
                self.assertEqual(len(wire.deadlines), 0)
                return await reading, await read(wire.peer, 1)

        error, rest = run(scenario())
        self.assertIsInstance(error, OSError)
        self.assertEqual(rest, b"")

    def test_cancellation_is_not_an_oserror(self):
        async def scenario():
            async with Wire() as wire:
                reading = asyncio.create_task(wire.ours.recv_into(bytearray(4)))
                await asyncio.sleep_ms(50)
                reading.cancel()
                try:
                    await reading
                except asyncio.CancelledError:
                    return "cancelled"

        self.assertEqual(run(scenario()), "cancelled")

    def test_closed_peer_is_an_oserror(self):
        async def scenario():
            async with Wire(stall_ms=1_000) as wire:
                wire.peer.close()
                return await outcome(wire.ours.send(BIG))

        self.assertIsInstance(run(scenario()), OSError)


suite.main()
