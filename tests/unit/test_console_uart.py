"""app.console.uart: the console on the UART, whose output does not stall the event loop."""

import asyncio
import unittest

import suite
from fakes import Log, clock, ended, run

from app.console.console import Consoles
from app.console.uart import UARTConsole
from proto.improv import RESULT, RPC, packet

PART = packet(RPC, b"12345")[:11]
PAUSE = None  # among the keys: nothing arrives for long enough to end a packet


class Stdio:
    """Stands in for hal.stdio.Stdio; types keys and records the output with its times."""

    def __init__(self, typed):
        self._typed = list(typed)
        self.written = b""
        self.writes = []
        self.done = asyncio.Event()

    async def read(self, limit_ms=None):
        if self._typed and self._typed[0] is not PAUSE:
            return bytes((self._typed.pop(0),))
        if limit_ms is None and self._typed:
            self._typed.pop(0)
            return await self.read()
        if limit_ms is not None:
            await asyncio.sleep_ms(limit_ms)
            return b""
        self.done.set()
        await asyncio.Event().wait()

    def mute_idf(self):
        pass

    def write(self, data):
        self.written += bytes(data)
        self.writes.append((clock.now_ms(), len(data)))


class BrokenStdio(Stdio):
    async def read(self, limit_ms=None):
        raise ZeroDivisionError


class FullStdio(Stdio):
    def write(self, data):
        raise MemoryError


class Commands:
    async def call(self, name, argument, group=False):
        if name == "bug":
            raise ZeroDivisionError
        await asyncio.sleep_ms(300)
        return name, argument * 20, 0


class Improv:
    """Stands in for app.console.improv.Improv; answers each packet with its data."""

    async def answer(self, kind, data, send):
        assert kind == RPC
        await asyncio.sleep_ms(300)
        await send(packet(RESULT, data or b"damaged"))


def uart(stdio, consoles=None):
    return UARTConsole(stdio, consoles or Consoles(Commands(), Log()), Improv())


def talk(typed, wait_ms=2_000):
    """Return the Stdio after some bytes are typed."""

    async def scenario():
        consoles = Consoles(Commands(), Log())
        stdio = Stdio(typed)
        task = asyncio.create_task(uart(stdio, consoles).run())
        await stdio.done.wait()
        await asyncio.sleep_ms(wait_ms)
        await ended(task)
        consoles.show("nothing shows this")
        await asyncio.sleep_ms(100)
        return stdio

    return run(scenario())


class TestUARTConsole(unittest.TestCase):
    def test_echoes_and_replies(self):
        self.assertEqual(talk(b"time\r\n").written, b"time\r\ntime = \r\n")

    def test_each_line_end_ends_one_line(self):
        for end in (b"\r", b"\n", b"\r\n"):
            self.assertEqual(talk(b"a" + end + b"b" + end).written.count(b" = "), 2)

    def test_lines_typed_ahead_run_in_order(self):
        written = talk(b"a 1\rb 2\rc 3\r").written
        at = [written.find(b"\n%s = " % name) for name in (b"a", b"b", b"c")]
        self.assertEqual(at, sorted(at))
        self.assertFalse(-1 in at)

    def test_long_reply_is_sent_in_pieces_at_the_speed_of_the_line(self):
        stdio = talk(b"x " + b"y" * 100 + b"\r")
        self.assertEqual(stdio.written[-2_006:], b"x = " + b"y" * 2_000 + b"\r\n")
        self.assertTrue(max(size for _, size in stdio.writes) <= 64)
        long = [at for at, size in stdio.writes if size == 64]
        self.assertTrue(long[-1] - long[0] >= 5 * (len(long) - 1))  # 64 bytes take 5.6 ms

    def test_survives_random_bytes(self):
        noise = bytes((n * 73 + n // 255) & 255 for n in range(5_000))
        noise = noise.replace(b"\x15", b"")
        self.assertTrue(talk(noise + b"\x15\rtime\r").written.endswith(b"time = \r\n"))

    def test_bug_in_a_command_does_not_end_the_console(self):
        written = talk(b"bug\rtime\r").written
        self.assertTrue(written.endswith(b"bug: failed\r\ntime = \r\n"), written)

    def test_bug_in_the_reader_propagates_and_leaves_no_task(self):
        async def scenario():
            consoles = Consoles(Commands(), Log())
            stdio = BrokenStdio(b"")
            with self.assertRaises(ZeroDivisionError):
                await uart(stdio, consoles).run()
            consoles.show("x")
            await asyncio.sleep_ms(100)
            self.assertEqual(stdio.written, b"")

        run(scenario())

    def test_error_of_the_output_propagates_instead_of_a_mute_console(self):
        with self.assertRaises(MemoryError):
            run(uart(FullStdio(b"time\r")).run())


class TestPackets(unittest.TestCase):
    """Packets, keys and Ctrl-C on the same line."""

    def test_answer_is_one_line_of_its_own(self):
        written = talk(b"ti" + packet(RPC, b"\x03\x0a\x04") + b"\nme\r").written
        self.assertTrue(b"\n" + packet(RESULT, b"\x03\x0a\x04") + b"\n" in written, written)
        self.assertTrue(written.startswith(b"time\r\n"))
        self.assertTrue(written.endswith(b"time = \r\n"))

    def test_packets_and_lines_are_handled_in_order(self):
        written = talk(b"a\r" + packet(RPC, b"one") + b"b\r" + packet(RPC, b"two")).written
        at = [written.find(each) for each in (b"a = ", b"one", b"b = ", b"two")]
        self.assertEqual(at, sorted(at))
        self.assertFalse(-1 in at)

    def test_more_than_can_wait(self):
        stdio = talk(b"".join(packet(RPC, b"%d;" % n) for n in range(40)), 20_000)
        self.assertEqual(stdio.written.count(b"IMPROV"), 40)

    def test_word_improv_is_a_command_like_any_other(self):
        self.assertTrue(b"IMPROV = x" in talk(b"IMPROV x\r").written)
        self.assertTrue(b"IMPROVE = x" in talk(b"IMPROVE x\r").written)

    def test_key_that_may_begin_a_packet_is_shown_after_a_pause(self):
        self.assertEqual(talk(list(b"IMPRO") + [PAUSE]).written, b"IMPRO")

    def test_packet_that_breaks_off_is_answered_and_the_keys_after_it_are_keys(self):
        written = talk(list(PART) + [PAUSE] + list(b"time\r")).written
        self.assertTrue(b"damaged" in written and written.endswith(b"time = \r\n"), written)

    def test_ctrl_c_ends_the_program_and_later_keys_stay_for_the_prompt(self):
        whole = list(packet(RPC, b"\x03") + b"\n")
        typed = [list(keys) + [PAUSE] for keys in (b"ab", b"slow\r", b"IMP", b"\xff\x03")]
        for before in [[], whole, whole + typed[0]] + typed:
            for interrupt in (b"\x03", b"\r\x03"):
                stdio = Stdio(before + list(interrupt + b"\r\x01"))
                with self.assertRaises(KeyboardInterrupt):
                    run(uart(stdio).run())
                self.assertEqual(bytes(stdio._typed), b"\r\x01")

    def test_ctrl_c_without_a_pause_is_noise(self):
        for noise in (b"x\x03", b"x\r\x03", b"\x00\x03\x03", b"IMP\x03"):
            self.assertTrue(talk(noise + b"\x15\rtime\r").written.endswith(b"time = \r\n"))

    def test_ctrl_c_during_a_packet_that_breaks_off(self):
        stdio = Stdio(list(PART) + [PAUSE, 3, 1])
        with self.assertRaises(KeyboardInterrupt):
            run(uart(stdio).run())
        self.assertEqual(stdio._typed, [1])


suite.main()
