"""app.console.telnet over the loopback: login, lines, idle users and slow readers."""

import asyncio
import unittest

import suite
from fakes import Log, Wire, ended, outcome, read, run, until

from app.console.console import Consoles
from app.console.telnet import TelnetServer
from proto.telnet import HELLO

IAC, DONT, WILL = 255, 254, 251


class Commands:
    def __init__(self):
        self.calls = []

    async def call(self, name, argument, group=False):
        self.calls.append((name, argument))
        if name == "slow":
            await asyncio.sleep_ms(1_000)
        return name, "now " + argument, 0


class Access:
    """Stands in for app.http.auth; the password is `word`, and three failures cause a pause."""

    def __init__(self, is_open):
        self.open = is_open
        self.tries = []

    def wait_s(self, address):
        return 30 if len(self.tries) == 3 else 0

    async def is_password(self, text, address):
        await asyncio.sleep_ms(250)
        self.tries.append(text)
        return text == "word"


class TestConsole(unittest.TestCase):
    def run_case(self, scenario):
        async def main():
            commands = Commands()
            consoles = Consoles(commands, Log())
            server = TelnetServer(consoles, Access(True), "cam 2")
            async with Wire() as wire:
                task = asyncio.create_task(outcome(server.serve(wire.ours)))
                greeting = HELLO + b"cam 2\r\n> "
                self.assertEqual(await read(wire.peer, len(greeting)), greeting)
                self.assertEqual(len(consoles), 1)
                await scenario(wire, consoles, task)
                await ended(task)
                self.assertEqual(len(consoles), 0)

        run(main(), 100_000)

    async def expect(self, wire, expected):
        self.assertEqual(await read(wire.peer, len(expected)), expected)

    def test_runs_lines(self):
        async def scenario(wire, consoles, task):
            await wire.peer.send(b"power on\r\0")
            await self.expect(wire, b"power on\r\npower = now on\r\n> ")

        self.run_case(scenario)

    def test_lines_typed_ahead_run_in_order(self):
        async def scenario(wire, consoles, task):
            await wire.peer.send(b"slow 1\r\npower on\r\n")
            await self.expect(wire, b"slow 1\r\nslow = now 1\r\n> ")
            await self.expect(wire, b"power on\r\npower = now on\r\n> ")

        self.run_case(scenario)

    def test_prompt_returns_below_other_output(self):
        async def scenario(wire, consoles, task):
            consoles.show("other")
            await self.expect(wire, b"\r\x1b[Kother\r\n> ")
            await wire.peer.send(b"po")
            await self.expect(wire, b"po")
            consoles.show("other")
            await self.expect(wire, b"\r\x1b[Kother\r\n> po")
            await wire.peer.send(b"\x15\r\n")
            await self.expect(wire, b"\b \b" * 2 + b"\r\n> ")
            await wire.peer.send(b"x" * 321 + b"\r\n")
            line = b"x" * 320 + b"\x07\r\n"
            await self.expect(wire, line + b"the line is longer than 320 bytes\r\n> ")

        self.run_case(scenario)

    def test_user_leaves(self):
        for keys in (b"exit\r\n", b" QUIT \r\n", b"\x04", b"x\x7f\x04"):

            async def scenario(wire, consoles, task):
                await wire.peer.send(keys)  # noqa: B023
                await until(task.done)
                self.assertEqual(consoles._commands.calls, [])

            self.run_case(scenario)

    def test_ctrl_d_in_a_line_is_ignored(self):
        async def scenario(wire, consoles, task):
            await wire.peer.send(b"power\x04 on\r\n")
            await self.expect(wire, b"power on\r\npower = now on\r\n")

        self.run_case(scenario)

    def test_lines_typed_ahead_of_the_end_do_not_run(self):
        async def scenario(wire, consoles, task):
            await wire.peer.send(b"slow 1\r\n" + b"power on\r\n" * 40)
            await self.expect(wire, b"slow 1\r\n")
            wire.ours.abort()  # as for a new password
            await until(task.done)
            self.assertEqual(consoles._commands.calls, [("slow", "1")])

        self.run_case(scenario)

    def test_options_are_refused_once(self):
        async def scenario(wire, consoles, task):
            await wire.peer.send(bytes((IAC, WILL, 24)) * 50 + b"x")
            await self.expect(wire, bytes((IAC, DONT, 24)) + b"x")

        self.run_case(scenario)

    def test_output_never_contains_an_option(self):
        async def scenario(wire, consoles, task):
            await wire.peer.send(b"a" + bytes((IAC, IAC)) + b"b\r")
            await asyncio.sleep_ms(100)
            await wire.peer.send(b"time\r")
            seen = b""
            while not seen.endswith(b"time = now \r\n> "):
                seen += await read(wire.peer, 1)
            self.assertFalse(b"\xff" in seen, seen)

        self.run_case(scenario)

    def test_idle_user_is_disconnected(self):
        async def scenario(wire, consoles, task):
            await asyncio.sleep_ms(590_000)
            await wire.peer.send(b"x")
            await asyncio.sleep_ms(590_000)
            self.assertFalse(task.done())
            await asyncio.sleep_ms(11_000)
            self.assertTrue(task.done())

        self.run_case(scenario)

    def test_ends_when_the_user_disconnects(self):
        async def scenario(wire, consoles, task):
            wire.peer.close()
            await until(task.done)

        self.run_case(scenario)

    def test_slow_reader_loses_lines_then_the_connection(self):
        async def scenario(wire, consoles, task):
            for n in range(20_000):
                consoles.show("line %d %s" % (n, "x" * 100))
                if n % 50 == 0:
                    await asyncio.sleep_ms(0)
            self.assertTrue(consoles._open[0]._lost > 1_000)
            await until(task.done, "aborted")

        self.run_case(scenario)

    def test_refusal_shows_a_reason(self):
        async def main():
            async with Wire() as wire:
                await TelnetServer(Consoles(Commands(), Log()), None, "").refuse(wire.ours)
                self.assertEqual(await read(wire.peer, 9), b"all conso")

        run(main())


class TestLogin(unittest.TestCase):
    def run_case(self, scenario):
        async def main():
            commands, access = Commands(), Access(False)
            consoles = Consoles(commands, Log())
            server = TelnetServer(consoles, access, "cam 2")
            async with Wire() as wire:
                task = asyncio.create_task(outcome(server.serve(wire.ours)))
                await self.expect(wire, HELLO + b"password: ")
                await scenario(wire, consoles, access, task)
                await ended(task)
                self.assertEqual((len(consoles), commands.calls), (0, []))

        run(main(), 100_000)

    async def expect(self, wire, expected):
        self.assertEqual(await read(wire.peer, len(expected)), expected)

    def test_password_is_required_and_not_echoed(self):
        async def scenario(wire, consoles, access, task):
            await wire.peer.send(b"power on\r\n")
            await self.expect(wire, b"\r\nwrong password\r\npassword: ")
            self.assertEqual(len(consoles), 0)
            consoles.show("a secret of another user")
            await wire.peer.send(b"worx\x08d\r\n")
            await self.expect(wire, b"\r\ncam 2\r\n> ")
            self.assertEqual((len(consoles), access.tries), (1, ["power on", "word"]))
            self.assertFalse(wire.ours.idle)

        self.run_case(scenario)

    def test_three_attempts_then_a_pause(self):
        async def scenario(wire, consoles, access, task):
            await wire.peer.send(b"a\r\nb\r\n")
            await self.expect(wire, b"\r\nwrong password\r\npassword: " * 2)
            await wire.peer.send(b"\xff\xfb\x18\xfe\r\n")
            await self.expect(wire, bytes((IAC, DONT, 24)) + b"\r\nwrong password\r\n")
            await until(task.done)
            self.assertEqual(access.tries[:2], ["a", "b"])
            async with Wire() as again:
                await TelnetServer(consoles, access, "").serve(again.ours)
                await self.expect(again, HELLO + b"too many wrong passwords: wait 30 s")

        self.run_case(scenario)

    def test_password_is_not_checked_once_others_have_used_up_the_attempts(self):
        async def scenario(wire, consoles, access, task):
            access.tries = ["a", "b", "c"]  # over HTTP, while the user types
            await wire.peer.send(b"word\r\n")
            await self.expect(wire, b"\r\ntoo many wrong passwords: wait 30 s")
            await until(task.done)
            self.assertEqual(len(access.tries), 3)

        self.run_case(scenario)

    def test_user_who_enters_no_password_is_disconnected(self):
        async def scenario(wire, consoles, access, task):
            self.assertTrue(wire.ours.idle)
            await asyncio.sleep_ms(61_000)
            self.assertTrue(task.done())

        self.run_case(scenario)

    def test_ends_when_the_user_disconnects(self):
        async def scenario(wire, consoles, access, task):
            wire.peer.close()
            await until(task.done)

        self.run_case(scenario)


suite.main()
