"""app.consoles: lines on the serial console, typed, pasted or noise."""

import asyncio
import unittest

from fakes import Log, ended, run

from app.consoles import UARTConsole
from proto.values import BadArgument, UnknownCommand


class Stdio:
    """Characters in, text out; at the end of the characters it waits for ever."""

    def __init__(self, typed):
        self._typed = list(typed)
        self.written = ""
        self.done = asyncio.Event()

    async def read(self):
        if self._typed:
            return self._typed.pop(0)
        self.done.set()
        await asyncio.Event().wait()

    def write(self, text):
        self.written += text if isinstance(text, str) else text.decode()


class Commands:
    def __init__(self):
        self.calls = []

    def call(self, name, argument, group=False):
        self.calls.append((name, argument))
        if name == "unknown":
            raise UnknownCommand(name)
        if argument == "bad":
            raise BadArgument("0..9")
        if argument == "bug":
            raise ZeroDivisionError()
        return name, "two\nlines" if name == "log" else "now " + argument, 0

    def names(self, group=False):
        return ["power", "timer"]


def type_in(text):
    """(what was written, calls, errors logged) after these characters."""

    async def story():
        stdio, commands, log = Stdio(text), Commands(), Log()
        task = asyncio.create_task(UARTConsole(stdio, commands, log).run())
        await stdio.done.wait()
        await ended(task)
        return stdio.written, commands.calls, log.errors

    return run(story())


class TestUARTConsole(unittest.TestCase):
    def test_every_line_end_makes_one_command(self):
        for end in ("\n", "\r", "\r\n"):
            written, calls, _ = type_in("power on" + end + "timer 5" + end)
            self.assertEqual(calls, [("power", "on"), ("timer", "5")])
            self.assertTrue("power = now on\r\n" in written)
            self.assertTrue("timer = now 5\r\n" in written)

    def test_empty_lines_are_nothing(self):
        self.assertEqual(type_in("\r\n\n\r\r\n")[1], [])

    def test_argument_keeps_its_spaces(self):
        self.assertEqual(type_in("ssid my net\n")[1], [("ssid", "my net")])

    def test_unknown_bad_and_bug(self):
        written, _, errors = type_in("unknown\ntimer bad\ntimer bug\ntimer 1\n")
        self.assertTrue("power, timer" in written)
        self.assertTrue("timer: 0..9" in written)
        self.assertTrue("timer: failed" in written)
        self.assertTrue("timer = now 1" in written)
        self.assertEqual(len(errors), 1)

    def test_lines_of_a_reply_end_as_a_terminal_wants(self):
        self.assertTrue("two\r\nlines\r\n" in type_in("log\n")[0])

    def test_noise_ends_nothing(self):
        noise = "".join(chr(i) for i in range(32) if i not in (10, 13)) * 20
        written, calls, _ = type_in(noise + "\n" + "timer 1\n")
        self.assertEqual(calls[-1], ("timer", "1"))

    def test_endless_line_is_bounded(self):
        _, calls, _ = type_in("x" * 5_000 + "\ntimer 1\n")
        self.assertEqual(calls[-1], ("timer", "1"))
        self.assertTrue(all(len(name) + len(argument) <= 256 for name, argument in calls))


unittest.main()
