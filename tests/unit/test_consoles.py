"""app.console.console: lines in, replies on every console."""

import asyncio
import gc
import unittest

from fakes import Log, ended, run

from app.commands import PRIVATE
from app.console.console import Consoles
from proto.values import BadArgument, UnknownCommand


class Commands:
    def __init__(self):
        self.calls = []

    async def call(self, name, argument, group=False):
        self.calls.append((name, argument))
        if name == "unknown":
            raise UnknownCommand(name)
        if argument == "bad":
            raise BadArgument("0..9")
        if argument == "bug":
            raise ZeroDivisionError()
        if name == "log":
            return name, "two\nlines", PRIVATE
        return "power" if name == "light" else name, "now " + argument, 0


class Screen:
    """What one console shows; `reads` false lets it hang."""

    def __init__(self, consoles, name, echo=True):
        self.shown = b""
        self.reads = asyncio.Event()
        self.reads.set()
        self.console = consoles.open(name, echo)
        self.task = asyncio.create_task(self.console.pump(self._take))

    async def _take(self, data):
        await self.reads.wait()
        self.shown += data

    async def type(self, data):
        for byte in data:
            line = self.console.type(byte)
            if line:
                await self.console.run(line)


class ConsolesCase(unittest.TestCase):
    def story(self, tell, names=("uart", "telnet")):
        async def whole():
            commands, log = Commands(), Log()
            consoles = Consoles(commands, log)
            screens = [Screen(consoles, name, name != "dumb") for name in names]
            try:
                await tell(consoles, commands, log, *screens)
            finally:
                for screen in screens:
                    await ended(screen.task)

        run(whole())

    def typed(self, data, echo=True):
        """(what is shown, calls, errors) after these bytes."""
        seen = []

        async def tell(consoles, commands, log, screen):
            await screen.type(data)
            await asyncio.sleep_ms(10)
            seen.extend((screen.shown.decode(), commands.calls, log.errors))

        self.story(tell, ("uart" if echo else "dumb",))
        return seen


class TestLines(ConsolesCase):
    def test_command_argument_gives_command_is_value(self):
        shown, calls, _ = self.typed(b"power on\r")
        self.assertEqual((shown, calls), ("power on\r\npower = now on\r\n", [("power", "on")]))

    def test_light_answers_as_power(self):
        self.assertTrue("power = now 1" in self.typed(b"light 1\n", echo=False)[0])

    def test_argument_keeps_its_spaces(self):
        self.assertEqual(self.typed(b"ssid my  net\n")[1], [("ssid", "my  net")])

    def test_empty_lines_are_nothing(self):
        self.assertEqual(self.typed(b"\r\n\n \r\r\n")[1], [])

    def test_refusals_say_why(self):
        shown, calls, errors = self.typed(b"unknown\ntimer bad\ntimer bug\ntimer 1\n")
        for part in (
            "unknown: unknown; try help\r\n",
            "timer: 0..9\r\n",
            "timer: failed\r\n",
            "timer = now 1\r\n",
        ):
            self.assertTrue(part in shown, shown)
        self.assertEqual(len(errors), 1)  # the bug

    def test_line_that_is_too_long_is_not_run(self):
        shown, calls, _ = self.typed(b"timer " + b"1" * 250 + b"\rtimer 1\r")
        self.assertTrue("longer than 255 bytes" in shown)
        self.assertEqual(calls, [("timer", "1")])
        self.assertEqual(self.typed(b"timer " + b"1" * 249 + b"\r")[1], [("timer", "1" * 249)])

    def test_what_is_no_utf8_is_not_run(self):
        shown = b""

        async def tell(consoles, commands, log, screen):
            await screen.type(b"ssid \xc3\x28\r")
            await asyncio.sleep_ms(10)
            self.assertTrue(b"not UTF-8\r\n" in screen.shown, shown)
            self.assertEqual(commands.calls, [])

        self.story(tell, ("telnet",))

    def test_lines_of_a_reply_end_as_a_terminal_wants(self):
        self.assertEqual(self.typed(b"log\n", echo=False)[0], "two\r\nlines\r\n")

    def test_noise_ends_nothing(self):
        noise = bytes((n * 167 + n // 251) & 255 for n in range(20_000))
        calls = []

        async def tell(consoles, commands, log, screen):
            await screen.type(noise + b"\x15\r\ntimer 1\r")
            await asyncio.sleep_ms(10)
            calls.extend(commands.calls)
            self.assertEqual(log.errors, [])

        self.story(tell, ("uart",))
        self.assertEqual(calls[-1], ("timer", "1"))


class TestMany(ConsolesCase):
    def test_replies_show_on_every_console_refusals_and_private_ones_here_alone(self):
        async def tell(consoles, commands, log, one, two):
            await one.type(b"power on\rlog\rtimer bad\runknown\r")
            await asyncio.sleep_ms(10)
            self.assertEqual(two.shown, b"power = now on\r\n")
            for part in (b"power = now on", b"two", b"0..9", b"try help"):
                self.assertTrue(part in one.shown)

        self.story(tell)

    def test_half_typed_line_is_shown_again_behind_news(self):
        async def tell(consoles, commands, log, one, two):
            await one.type(b"pow")
            consoles.say("7 wifi: joined")
            await asyncio.sleep_ms(10)
            self.assertEqual(one.shown, b"pow\r\x1b[K7 wifi: joined\r\npow")
            self.assertEqual(two.shown, b"7 wifi: joined\r\n")
            await one.type(b"er on\r")
            self.assertEqual(commands.calls, [("power", "on")])

        self.story(tell)

    def test_same_command_at_once_from_two_is_run_twice_in_order(self):
        async def tell(consoles, commands, log, one, two):
            for n in range(100):
                await one.type(b"timer %d\r" % n)
                await two.type(b"timer %d\r" % (1_000 + n))
                await asyncio.sleep_ms(0)
            await asyncio.sleep_ms(10)
            expected = [("timer", str(n + k)) for n in range(100) for k in (0, 1_000)]
            self.assertEqual(commands.calls, expected)
            answers = [b"timer = now %s\r\n" % text.encode() for _, text in expected]
            for screen in (one, two):
                shown, at = screen.shown, 0
                for answer in answers:
                    at = shown.find(answer, at)
                    self.assertTrue(at >= 0, answer)

        self.story(tell)

    def test_closed_one_shows_nothing_any_more(self):
        async def tell(consoles, commands, log, one, two):
            self.assertEqual(len(consoles), 2)
            consoles.close(two.console)
            consoles.close(two.console)
            consoles.say("x")
            await asyncio.sleep_ms(10)
            self.assertEqual((len(consoles), one.shown, two.shown), (1, b"x\r\n", b""))

        self.story(tell)


class TestWhoDoesNotRead(ConsolesCase):
    def test_loses_lines_and_counts_them_the_other_gets_all(self):
        async def tell(consoles, commands, log, one, two):
            two.reads.clear()
            for n in range(1_000):
                consoles.say("line %d" % n)
                await asyncio.sleep_ms(0)
            self.assertEqual(one.shown.count(b"\r\n"), 1_000)
            self.assertTrue(two.console.lost > 100)
            two.reads.set()
            await asyncio.sleep_ms(10)
            got = two.shown.decode().split("\r\n")[:-1]
            self.assertEqual(got, ["line %d" % n for n in range(len(got))])  # whole ones
            self.assertEqual(len(got) + two.console.lost, 1_000)
            consoles.say("again")
            await asyncio.sleep_ms(10)
            self.assertTrue(two.shown.endswith(b"again\r\n"))

        self.story(tell)

    def test_costs_little_memory_whatever_is_typed_and_told(self):
        async def tell(consoles, commands, log, screen):
            screen.reads.clear()
            await screen.type(b"x")
            await asyncio.sleep_ms(10)
            gc.collect()
            before = gc.mem_alloc()
            for _ in range(20_000):
                await screen.type(b"a\x7f")
            consoles.say("y" * 7_000)
            gc.collect()
            self.assertTrue(gc.mem_alloc() - before < 16_384, gc.mem_alloc() - before)

        self.story(tell, ("telnet",))

    def test_long_reply_that_is_all_the_log_has_is_shown_whole(self):
        async def tell(consoles, commands, log, screen):
            screen.console.print("\n".join("%02d " % n + "z" * 157 for n in range(32)))
            await asyncio.sleep_ms(10)
            self.assertEqual(screen.shown.count(b"\r\n"), 32)
            self.assertEqual(screen.console.lost, 0)

        self.story(tell, ("telnet",))

    def test_of_a_reply_that_is_too_long_the_beginning_is_shown(self):
        async def tell(consoles, commands, log, screen):
            screen.console.print("\n".join("%04d" % n for n in range(3_000)))
            await asyncio.sleep_ms(10)
            self.assertTrue(screen.shown.startswith(b"0000\r\n0001\r\n"))
            self.assertEqual(screen.shown.count(b"\r\n") + screen.console.lost, 3_000)

        self.story(tell, ("telnet",))


unittest.main()
