"""app.console.uart: the console on the UART, whose output does not stall the event loop."""

import asyncio
import unittest

import suite
from fakes import Log, clock, ended, run

from app.console.console import Consoles
from app.console.uart import UARTConsole


class Stdio:
    """Stands in for hal.stdio.Stdio; types keys and records the output with its times."""

    def __init__(self, typed):
        self._typed = list(typed)
        self.written = b""
        self.writes = []
        self.done = asyncio.Event()

    async def read(self):
        if self._typed:
            return bytes((self._typed.pop(0),))
        self.done.set()
        await asyncio.Event().wait()

    def mute_idf(self):
        pass

    def write(self, data):
        self.written += bytes(data)
        self.writes.append((clock.now_ms(), len(data)))


class BrokenStdio(Stdio):
    async def read(self):
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


def talk(typed, wait_ms=2_000):
    """Return the Stdio after some bytes are typed."""

    async def scenario():
        consoles = Consoles(Commands(), Log())
        stdio = Stdio(typed)
        task = asyncio.create_task(UARTConsole(stdio, consoles).run())
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
        noise = bytes((n * 73 + n // 255) & 255 for n in range(5_000)).replace(b"\x15", b"")
        self.assertTrue(talk(noise + b"\x15\rtime\r").written.endswith(b"time = \r\n"))

    def test_bug_in_a_command_does_not_end_the_console(self):
        written = talk(b"bug\rtime\r").written
        self.assertTrue(written.endswith(b"bug: failed\r\ntime\r\ntime = \r\n"), written)

    def test_bug_in_the_reader_propagates_and_leaves_no_task(self):
        async def scenario():
            consoles = Consoles(Commands(), Log())
            stdio = BrokenStdio(b"")
            with self.assertRaises(ZeroDivisionError):
                await UARTConsole(stdio, consoles).run()
            consoles.show("x")
            await asyncio.sleep_ms(100)
            self.assertEqual(stdio.written, b"")

        run(scenario())

    def test_error_of_the_output_propagates_instead_of_a_mute_console(self):
        with self.assertRaises(MemoryError):
            run(UARTConsole(FullStdio(b"time\r"), Consoles(Commands(), Log())).run())


suite.main()
