"""app.console.console: lines in, replies on every console, output that never blocks."""

import asyncio
import gc
import unittest

import suite
from fakes import Log, ended, run

from app.commands import PRIVATE
from app.console.console import Consoles
from proto.values import BadArgument, UnknownCommand


class Commands:
    """Stands in for app.commands; `slow` takes a second."""

    def __init__(self):
        self.calls = []

    async def call(self, name, argument, group=False):
        if name == "slow":
            await asyncio.sleep_ms(1_000)
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
    """Shows the output of one console; it hangs while `reads` is not set."""

    def __init__(self, consoles):
        self.shown = b""
        self.reads = asyncio.Event()
        self.reads.set()
        self.console = consoles.open()
        self._consoles = consoles
        self.task = asyncio.create_task(self.console.pump(self._take))

    async def _take(self, data):
        await self.reads.wait()
        self.shown += data

    async def type(self, data):
        for byte in data:
            line = self.console.type(byte)
            if line:
                await self._consoles.run_line(line, self.console)


class ConsoleCase(unittest.TestCase):
    def story(self, check, count=1):
        async def whole():
            commands, log = Commands(), Log()
            consoles = Consoles(commands, log)
            screens = [Screen(consoles) for _ in range(count)]
            try:
                await check(consoles, commands, log, *screens)
            finally:
                for screen in screens:
                    await ended(screen.task)

        run(whole())

    def typed(self, data):
        """Return (what is shown, calls, errors) after these bytes."""
        seen = []

        async def check(consoles, commands, log, screen):
            await screen.type(data)
            await asyncio.sleep_ms(10)
            seen.extend((screen.shown.decode(), commands.calls, log.errors))

        self.story(check)
        return seen


class TestLines(ConsoleCase):
    def test_command_argument_gives_command_is_value(self):
        shown, calls, _ = self.typed(b"power on\r")
        self.assertEqual((shown, calls), ("power on\r\npower = now on\r\n", [("power", "on")]))

    def test_light_replies_as_power(self):
        self.assertTrue("power = now 1" in self.typed(b"light 1\n")[0])

    def test_argument_keeps_its_spaces(self):
        self.assertEqual(self.typed(b"ssid my  net\n")[1], [("ssid", "my  net")])

    def test_empty_lines_are_ignored(self):
        self.assertEqual(self.typed(b"\r\n\n \r\r\n")[1], [])

    def test_errors_give_a_reason(self):
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

    def test_line_that_is_not_utf8_is_not_run(self):
        async def check(consoles, commands, log, screen):
            await screen.type(b"ssid \xc3\x28\r")
            await asyncio.sleep_ms(10)
            self.assertTrue(b"not UTF-8\r\n" in screen.shown, screen.shown)
            self.assertEqual(commands.calls, [])

        self.story(check)

    def test_lines_of_a_reply_end_with_cr_lf(self):
        self.assertEqual(self.typed(b"log\n")[0], "log\r\ntwo\r\nlines\r\n")

    def test_lines_typed_ahead_run_in_order(self):
        calls = self.typed(b"slow 1\rtimer 2\rslow 3\rtimer 4\r")[1]
        self.assertEqual([argument for _, argument in calls], ["1", "2", "3", "4"])

    def test_survives_noise(self):
        noise = bytes((n * 167 + n // 251) & 255 for n in range(20_000))
        calls = []

        async def check(consoles, commands, log, screen):
            await screen.type(noise + b"\x15\r\ntimer 1\r")
            await asyncio.sleep_ms(10)
            calls.extend(commands.calls)
            self.assertEqual(log.errors, [])

        self.story(check)
        self.assertEqual(calls[-1], ("timer", "1"))


class TestSeveral(ConsoleCase):
    def test_replies_show_on_every_console_errors_and_private_ones_on_one(self):
        async def check(consoles, commands, log, one, two):
            await one.type(b"power on\rlog\rtimer bad\runknown\r")
            await asyncio.sleep_ms(10)
            self.assertEqual(two.shown, b"power = now on\r\n")
            for part in (b"power = now on", b"two", b"0..9", b"try help"):
                self.assertTrue(part in one.shown)

        self.story(check, 2)

    def test_half_typed_line_is_shown_again_below_other_output(self):
        async def check(consoles, commands, log, one, two):
            await one.type(b"pow")
            consoles.show("7 wifi: joined")
            await asyncio.sleep_ms(10)
            self.assertEqual(one.shown, b"pow\r\x1b[K7 wifi: joined\r\npow")
            self.assertEqual(two.shown, b"7 wifi: joined\r\n")
            await one.type(b"er on\r")
            self.assertEqual(commands.calls, [("power", "on")])

        self.story(check, 2)

    def test_slow_command_holds_up_its_own_console_alone(self):
        async def check(consoles, commands, log, one, two):
            slow = asyncio.create_task(one.type(b"slow 1\r"))
            await asyncio.sleep_ms(0)
            await two.type(b"timer 2\r")
            await slow
            self.assertEqual(commands.calls, [("timer", "2"), ("slow", "1")])

        self.story(check, 2)

    def test_same_command_at_the_same_time_runs_twice_in_order(self):
        async def check(consoles, commands, log, one, two):
            for n in range(100):
                await one.type(b"timer %d\r" % n)
                await two.type(b"timer %d\r" % (1_000 + n))
                await asyncio.sleep_ms(0)
            await asyncio.sleep_ms(10)
            expected = [("timer", str(n + k)) for n in range(100) for k in (0, 1_000)]
            self.assertEqual(commands.calls, expected)
            replies = [b"timer = now %s\r\n" % text.encode() for _, text in expected]
            for screen in (one, two):
                shown, at = screen.shown, 0
                for reply in replies:
                    at = shown.find(reply, at)
                    self.assertTrue(at >= 0, reply)

        self.story(check, 2)

    def test_closed_one_shows_nothing(self):
        async def check(consoles, commands, log, one, two):
            self.assertEqual(len(consoles), 2)
            consoles.close(two.console)
            consoles.close(two.console)
            consoles.show("x")
            await asyncio.sleep_ms(10)
            self.assertEqual((len(consoles), one.shown, two.shown), (1, b"x\r\n", b""))

        self.story(check, 2)


class TestSlowReader(ConsoleCase):
    def test_loses_lines_and_sees_how_many_the_other_gets_all(self):
        async def check(consoles, commands, log, one, two):
            two.reads.clear()
            for n in range(1_000):
                consoles.show("line %d" % n)
                await asyncio.sleep_ms(0)
            self.assertEqual(one.shown.count(b"\r\n"), 1_000)
            self.assertFalse(b"lost" in one.shown)
            two.reads.set()
            await asyncio.sleep_ms(10)
            *got, notice = two.shown.decode().split("\r\n")[:-1]
            self.assertEqual(got, ["line %d" % n for n in range(len(got))])  # whole ones
            self.assertTrue(len(got) < 900)
            self.assertEqual(notice, "(lines lost: {})".format(1_000 - len(got)))
            consoles.show("again")
            await asyncio.sleep_ms(10)
            self.assertTrue(two.shown.endswith(notice.encode() + b"\r\nagain\r\n"))

        self.story(check, 2)

    def test_half_typed_line_is_shown_again_below_the_notice(self):
        async def check(consoles, commands, log, screen):
            await screen.type(b"pow")
            screen.console.print("x" * 7_000)
            await asyncio.sleep_ms(10)
            self.assertTrue(screen.shown.endswith(b"\r\x1b[K(lines lost: 1)\r\npow"), screen.shown)

        self.story(check)

    def test_memory_is_bounded_whatever_is_typed_and_printed(self):
        async def check(consoles, commands, log, screen):
            screen.reads.clear()
            await screen.type(b"x")
            await asyncio.sleep_ms(10)
            gc.collect()
            before = gc.mem_alloc()
            for _ in range(20_000):
                await screen.type(b"a\x7f")
            consoles.show("y" * 7_000)
            gc.collect()
            self.assertTrue(gc.mem_alloc() - before < 16_384, gc.mem_alloc() - before)

        self.story(check)

    def test_whole_log_fits_the_queue(self):
        async def check(consoles, commands, log, screen):
            screen.console.print("\n".join("%02d " % n + "z" * 157 for n in range(32)))
            await asyncio.sleep_ms(10)
            self.assertEqual(screen.shown.count(b"\r\n"), 32)
            self.assertFalse(b"lost" in screen.shown)

        self.story(check)

    def test_beginning_of_a_longer_reply_is_shown(self):
        async def check(consoles, commands, log, screen):
            screen.console.print("\n".join("%04d" % n for n in range(3_000)))
            await asyncio.sleep_ms(10)
            self.assertTrue(screen.shown.startswith(b"0000\r\n0001\r\n"))
            lost = 3_001 - screen.shown.count(b"\r\n")
            self.assertTrue(screen.shown.endswith(b"(lines lost: %d)\r\n" % lost))

        self.story(check)


suite.main()
