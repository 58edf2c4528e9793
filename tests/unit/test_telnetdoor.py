"""app.console.telnet over the loopback: two at once, idle ones, and those who do not read."""

import asyncio
import unittest

from fakes import Log, Wire, ended, outcome, read, run, until

from app.console.console import Consoles
from app.console.telnet import TelnetDoor
from proto.telnet import HELLO

IAC, DONT, WILL = 255, 254, 251


class Commands:
    def __init__(self):
        self.calls = []

    def call(self, name, argument, group=False):
        self.calls.append((name, argument))
        return name, "now " + argument, 0


class Access:
    """The password is `word`, where one is set; the third wrong one makes it wait."""

    def __init__(self, is_open):
        self.open = is_open
        self.tries = []

    def wait_s(self, address):
        return 30 if len(self.tries) == 3 else 0

    async def is_password(self, text, address):
        self.tries.append(text)
        return text == "word"


class TestTelnetDoor(unittest.TestCase):
    def story(self, tell, idle_ms=600_000):
        async def whole():
            commands = Commands()
            consoles = Consoles(commands, Log())
            door = TelnetDoor(consoles, Access(True), "cam 2", idle_ms)
            async with Wire() as wire:
                task = asyncio.create_task(outcome(door.serve(wire.ours)))
                greeting = HELLO + b"cam 2\r\n"
                self.assertEqual(await read(wire.peer, len(greeting)), greeting)
                await tell(wire, door, consoles, commands, task)
                await ended(task)
                self.assertEqual((door.users, len(consoles)), (0, 0))

        run(whole(), 100_000)

    def test_answers_in_lines(self):
        async def tell(wire, door, consoles, commands, task):
            self.assertEqual((door.users, len(consoles)), (1, 1))
            await wire.peer.send(b"power on\r\0")
            expected = b"power on\r\npower = now on\r\n"
            self.assertEqual(await read(wire.peer, len(expected)), expected)

        self.story(tell)

    def test_options_are_refused_once(self):
        async def tell(wire, door, consoles, commands, task):
            await wire.peer.send(bytes((IAC, WILL, 24)) * 50 + b"x")
            self.assertEqual(await read(wire.peer, 4), bytes((IAC, DONT, 24)) + b"x")

        self.story(tell)

    def test_nothing_it_sends_looks_like_an_option(self):
        async def tell(wire, door, consoles, commands, task):
            await wire.peer.send(b"a" + bytes((IAC, IAC)) + b"b\r")
            await asyncio.sleep_ms(100)
            await wire.peer.send(b"time\r")
            seen = b""
            while not seen.endswith(b"time = now \r\n"):
                seen += await read(wire.peer, 1)
            self.assertFalse(b"\xff" in seen, seen)

        self.story(tell)

    def test_idle_user_is_logged_out(self):
        async def tell(wire, door, consoles, commands, task):
            await asyncio.sleep_ms(55_000)
            await wire.peer.send(b"x")
            await asyncio.sleep_ms(55_000)
            self.assertFalse(task.done())
            await asyncio.sleep_ms(10_000)
            self.assertTrue(task.done())

        self.story(tell, idle_ms=60_000)

    def test_user_who_leaves_is_gone(self):
        async def tell(wire, door, consoles, commands, task):
            wire.peer.close()
            await until(task.done)

        self.story(tell)

    def test_who_does_not_read_loses_lines_then_the_connection(self):
        async def tell(wire, door, consoles, commands, task):
            console = consoles._open[0]
            for n in range(20_000):
                consoles.say("line %d %s" % (n, "x" * 100))
                if n % 50 == 0:
                    await asyncio.sleep_ms(0)
            self.assertTrue(console.lost > 1_000)
            await until(task.done, "aborted")

        self.story(tell)

    def test_too_many_are_told(self):
        async def whole():
            async with Wire() as wire:
                await TelnetDoor(Consoles(Commands(), Log()), None, "").refuse(wire.ours)
                self.assertEqual(await read(wire.peer, 9), b"all conso")

        run(whole())


class TestPassword(unittest.TestCase):
    def story(self, tell):
        async def whole():
            commands, access = Commands(), Access(False)
            consoles = Consoles(commands, Log())
            door = TelnetDoor(consoles, access, "cam 2")
            async with Wire() as wire:
                task = asyncio.create_task(outcome(door.serve(wire.ours)))
                await self.sees(wire, HELLO + b"password: ")
                await tell(wire, consoles, access, task)
                await ended(task)
                self.assertEqual((door.users, len(consoles), commands.calls), (0, 0, []))

        run(whole(), 100_000)

    async def sees(self, wire, expected):
        self.assertEqual(await read(wire.peer, len(expected)), expected)

    def test_no_console_before_the_password_and_no_echo_of_it(self):
        async def tell(wire, consoles, access, task):
            await wire.peer.send(b"power on\r\n")
            await self.sees(wire, b"\r\nwrong\r\npassword: ")
            self.assertEqual(len(consoles), 0)
            consoles.say("a secret of others")
            await wire.peer.send(b"worx\x08d\r\n")
            await self.sees(wire, b"\r\ncam 2\r\n")
            self.assertEqual((len(consoles), access.tries), (1, ["power on", "word"]))

        self.story(tell)

    def test_three_tries_and_a_pause(self):
        async def tell(wire, consoles, access, task):
            await wire.peer.send(b"a\r\nb\r\n")
            await self.sees(wire, b"\r\nwrong\r\npassword: " * 2)
            await wire.peer.send(b"\xff\xfb\x18\xfe\r\n")
            await self.sees(wire, bytes((IAC, DONT, 24)) + b"\r\nwrong\r\n")
            await until(task.done)
            self.assertEqual(access.tries[:2], ["a", "b"])
            async with Wire() as again:
                await TelnetDoor(consoles, access, "").serve(again.ours)
                await self.sees(again, HELLO + b"too many wrong passwords: wait 30 s")

        self.story(tell)

    def test_who_is_silent_or_leaves_is_gone(self):
        async def tell(wire, consoles, access, task):
            self.assertTrue(wire.ours.idle)
            await asyncio.sleep_ms(61_000)
            self.assertTrue(task.done())

        self.story(tell)

        async def leave(wire, consoles, access, task):
            wire.peer.close()
            await until(task.done)

        self.story(leave)


unittest.main()
