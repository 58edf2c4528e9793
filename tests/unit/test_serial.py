"""app.console.uart: the console on the UART, in small pieces that the loop does not feel."""

import asyncio
import unittest

from fakes import Log, clock, ended, run

from app.console.console import Consoles
from app.console.uart import SerialConsole


class Stdio:
    """What is typed byte by byte, and what was written when; a minute before a `pause`."""

    pause = 21

    def __init__(self, typed):
        self._typed = list(typed)
        self.written = b""
        self.writes = []
        self.done = asyncio.Event()

    async def read(self):
        if self._typed:
            if self._typed[0] == self.pause:
                await asyncio.sleep_ms(60_000)
            return bytes((self._typed.pop(0),))
        self.done.set()
        await asyncio.Event().wait()

    def write(self, data):
        self.written += bytes(data)
        self.writes.append((clock.now_ms(), len(data)))


class Commands:
    async def call(self, name, argument, group=False):
        return name, argument * 20, 0


def talk(typed, wait_ms=2_000):
    """The Stdio after a talk."""

    async def story():
        consoles = Consoles(Commands(), Log())
        stdio = Stdio(typed)
        serial = SerialConsole(stdio, consoles.open("uart"))
        task = asyncio.create_task(serial.run())
        await stdio.done.wait()
        await asyncio.sleep_ms(wait_ms)
        await ended(task)
        consoles.say("nobody shows this any more")
        await asyncio.sleep_ms(100)
        return stdio

    return run(story())


class TestSerialConsole(unittest.TestCase):
    def test_echoes_and_answers(self):
        self.assertEqual(talk(b"time\r\n").written, b"time\r\ntime = \r\n")

    def test_line_is_shown_once_whatever_ends_it(self):
        for end in (b"\r", b"\n", b"\r\n"):
            self.assertEqual(talk(b"a" + end + b"b" + end).written.count(b" = "), 2)

    def test_long_reply_goes_in_pieces_no_faster_than_the_line(self):
        stdio = talk(b"x " + b"y" * 100 + b"\r")
        self.assertEqual(stdio.written[-2_006:], b"x = " + b"y" * 2_000 + b"\r\n")
        self.assertTrue(max(size for _, size in stdio.writes) <= 64)
        long = [at for at, size in stdio.writes if size == 64]
        self.assertTrue(long[-1] - long[0] >= 5 * (len(long) - 1))  # 64 bytes take 5.6 ms

    def test_noise_ends_nothing(self):
        noise = bytes((n * 73 + n // 255) & 255 for n in range(5_000)).replace(b"\x15", b"")
        self.assertTrue(talk(noise + b"\x15\rtime\r").written.endswith(b"time = \r\n"))

    def test_bug_behind_it_rises_and_leaves_no_task(self):
        async def story():
            consoles = Consoles(Commands(), Log())
            console = consoles.open("uart")
            stdio = Stdio(b"x")

            def fail(byte):
                raise ZeroDivisionError

            console.type = fail
            with self.assertRaises(ZeroDivisionError):
                await SerialConsole(stdio, console).run()
            console.put(b"x")
            await asyncio.sleep_ms(100)
            self.assertEqual(stdio.written, b"")

        run(story())


unittest.main()
