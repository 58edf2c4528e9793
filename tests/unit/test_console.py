"""app.console.console: input lines, replies on every console, output that never blocks."""

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
    """Receives the output of one console; blocks while `reads` is not set."""

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


class ConsoleTestCase(unittest.TestCase):
    def run_case(self, scenario, count=1):
        async def main():
            commands, log = Commands(), Log()
            consoles = Consoles(commands, log)
            screens = [Screen(consoles) for _ in range(count)]
            try:
                await scenario(consoles, commands, log, *screens)
            finally:
                for screen in screens:
                    await ended(screen.task)

        run(main())

    def typed(self, data):
        """Return (shown output, calls, errors) after these bytes are typed."""
        seen = []

        async def scenario(consoles, commands, log, screen):
            await screen.type(data)
            await asyncio.sleep_ms(10)
            seen.extend((screen.shown.decode(), commands.calls, log.errors))

        self.run_case(scenario)
        return seen


class TestPaste(ConsoleTestCase):
    LINES = b"-----BEGIN CERTIFICATE-----", b"AQU=", b"-----END CERTIFICATE-----"
    PEM = "\n".join(line.decode() for line in LINES)

    def test_lines_of_a_certificate_are_one_argument(self):
        for end in (b"\r", b"\n", b"\r\n"):
            text = b"mqttca " + end.join(self.LINES) + end + b"status" + end
            _, calls, _ = self.typed(text)
            self.assertEqual(calls, [("mqttca", self.PEM + "\n"), ("status", "")])

    def test_certificates_that_follow_are_added(self):
        _, calls, _ = self.typed(b"mqttca " + b"\r".join(self.LINES * 3) + b"\r")
        self.assertEqual(calls[-1], ("mqttca", 3 * (self.PEM + "\n")))

    def test_certificate_without_a_command(self):
        shown, calls, _ = self.typed(b"\r".join(self.LINES) + b"\rstatus\r")
        self.assertEqual([name for name, _ in calls], ["-----BEGIN", "status"])

    def test_paste_that_stops_is_given_up(self):
        async def scenario(consoles, commands, log, screen):
            await screen.type(b"mqttca " + self.LINES[0] + b"\r" + self.LINES[1] + b"\r")
            await asyncio.sleep_ms(5_001)
            await screen.type(b"status\r")
            self.assertEqual(commands.calls, [("status", "")])

        self.run_case(scenario)

    def test_endless_text_takes_little_memory(self):
        async def scenario(consoles, commands, log, screen):
            await screen.type(b"mqttca " + self.LINES[0] + b"\r")
            line = b"A" * 200 + b"\r"
            for _ in range(200):
                await screen.type(line)
            await screen.type(self.LINES[2] + b"\r")
            self.assertTrue(16_384 < len(commands.calls[0][1]) < 17_000)

        self.run_case(scenario)

    def test_lines_are_not_in_the_history(self):
        up = b"\x1b[A"
        _, calls, _ = self.typed(b"pulse 5\rmqttca " + b"\r".join(self.LINES) + b"\r" + up + b"\r")
        self.assertEqual(calls[-1], ("pulse", "5"))


class TestLines(ConsoleTestCase):
    def test_reply_is_command_equals_value(self):
        shown, calls, _ = self.typed(b"power on\r")
        self.assertEqual((shown, calls), ("power on\r\npower = now on\r\n", [("power", "on")]))

    def test_light_replies_as_power(self):
        self.assertTrue("power = now 1" in self.typed(b"light 1\n")[0])

    def test_argument_keeps_its_spaces(self):
        self.assertEqual(self.typed(b"ssid my  net\n")[1], [("ssid", "my  net")])

    def test_empty_lines_are_ignored(self):
        self.assertEqual(self.typed(b"\r\n\n \r\r\n")[1], [])

    def test_errors_show_a_reason(self):
        shown, calls, errors = self.typed(b"unknown\ntimer bad\ntimer bug\ntimer 1\n")
        for part in (
            "unknown: unknown; try help\r\n",
            "timer: 0..9\r\n",
            "timer: failed\r\n",
            "timer = now 1\r\n",
        ):
            self.assertTrue(part in shown, shown)
        self.assertEqual(len(errors), 1)  # the bug

    def test_overlong_line_is_not_run(self):
        shown, calls, _ = self.typed(b"timer " + b"1" * 320 + b"\rtimer 1\r")
        self.assertTrue("longer than 320 bytes" in shown)
        self.assertEqual(calls, [("timer", "1")])
        self.assertEqual(self.typed(b"timer " + b"1" * 249 + b"\r")[1], [("timer", "1" * 249)])

    def test_line_that_is_not_utf8_is_not_run(self):
        async def scenario(consoles, commands, log, screen):
            await screen.type(b"ssid \xc3\x28\r")
            await asyncio.sleep_ms(10)
            self.assertTrue(b"not UTF-8\r\n" in screen.shown, screen.shown)
            self.assertEqual(commands.calls, [])

        self.run_case(scenario)

    def test_lines_of_a_reply_end_with_cr_lf(self):
        self.assertEqual(self.typed(b"log\n")[0], "log\r\ntwo\r\nlines\r\n")

    def test_lines_typed_ahead_run_in_order(self):
        calls = self.typed(b"slow 1\rtimer 2\rslow 3\rtimer 4\r")[1]
        self.assertEqual([argument for _, argument in calls], ["1", "2", "3", "4"])

    def test_survives_random_bytes(self):
        noise = bytes((n * 167 + n // 251) & 255 for n in range(20_000))
        calls = []

        async def scenario(consoles, commands, log, screen):
            await screen.type(noise + b"\x15\r\ntimer 1\r")
            await asyncio.sleep_ms(10)
            calls.extend(commands.calls)
            self.assertEqual(log.errors, [])

        self.run_case(scenario)
        self.assertEqual(calls[-1], ("timer", "1"))


class TestSeveral(ConsoleTestCase):
    def test_replies_go_to_all_consoles_but_errors_and_private_replies_to_one(self):
        async def scenario(consoles, commands, log, one, two):
            await one.type(b"power on\rlog\rtimer bad\runknown\r")
            await asyncio.sleep_ms(10)
            self.assertEqual(two.shown, b"power = now on\r\n")
            for part in (b"power = now on", b"two", b"0..9", b"try help"):
                self.assertTrue(part in one.shown)

        self.run_case(scenario, 2)

    def test_unfinished_line_is_redrawn_below_other_output(self):
        async def scenario(consoles, commands, log, one, two):
            await one.type(b"pow")
            consoles.show("7 wifi: joined")
            await asyncio.sleep_ms(10)
            self.assertEqual(one.shown, b"pow\r\x1b[K7 wifi: joined\r\npow")
            self.assertEqual(two.shown, b"7 wifi: joined\r\n")
            await one.type(b"er on\r")
            self.assertEqual(commands.calls, [("power", "on")])

        self.run_case(scenario, 2)

    def test_slow_command_delays_only_its_own_console(self):
        async def scenario(consoles, commands, log, one, two):
            slow = asyncio.create_task(one.type(b"slow 1\r"))
            await asyncio.sleep_ms(0)
            await two.type(b"timer 2\r")
            await slow
            self.assertEqual(commands.calls, [("timer", "2"), ("slow", "1")])

        self.run_case(scenario, 2)

    def test_same_command_at_the_same_time_runs_twice_in_order(self):
        async def scenario(consoles, commands, log, one, two):
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

        self.run_case(scenario, 2)

    def test_closed_console_shows_nothing(self):
        async def scenario(consoles, commands, log, one, two):
            self.assertEqual(len(consoles), 2)
            consoles.close(two.console)
            consoles.close(two.console)
            consoles.show("x")
            await asyncio.sleep_ms(10)
            self.assertEqual((len(consoles), one.shown, two.shown), (1, b"x\r\n", b""))

        self.run_case(scenario, 2)


class TestSlowReader(ConsoleTestCase):
    def test_lost_lines_are_counted_and_other_consoles_lose_none(self):
        async def scenario(consoles, commands, log, one, two):
            two.reads.clear()
            for n in range(1_000):
                consoles.show("line %d" % n)
                await asyncio.sleep_ms(0)
            self.assertEqual(one.shown.count(b"\r\n"), 1_000)
            self.assertFalse(b"lost" in one.shown)
            two.reads.set()
            await asyncio.sleep_ms(10)
            *got, notice = two.shown.decode().split("\r\n")[:-1]
            self.assertEqual(got, ["line %d" % n for n in range(len(got))])  # complete lines
            self.assertTrue(len(got) < 900)
            self.assertEqual(notice, "(lines lost: {})".format(1_000 - len(got)))
            consoles.show("again")
            await asyncio.sleep_ms(10)
            self.assertTrue(two.shown.endswith(notice.encode() + b"\r\nagain\r\n"))

        self.run_case(scenario, 2)

    def test_unfinished_line_is_redrawn_below_the_notice(self):
        async def scenario(consoles, commands, log, screen):
            await screen.type(b"pow")
            screen.console.print("x" * 7_000)
            await asyncio.sleep_ms(10)
            self.assertTrue(screen.shown.endswith(b"\r\x1b[K(lines lost: 1)\r\npow"), screen.shown)

        self.run_case(scenario)

    def test_memory_is_bounded_for_any_input_and_output(self):
        async def scenario(consoles, commands, log, screen):
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

        self.run_case(scenario)

    def test_whole_log_fits_the_queue(self):
        async def scenario(consoles, commands, log, screen):
            screen.console.print("\n".join("%02d " % n + "z" * 157 for n in range(32)))
            await asyncio.sleep_ms(10)
            self.assertEqual(screen.shown.count(b"\r\n"), 32)
            self.assertFalse(b"lost" in screen.shown)

        self.run_case(scenario)

    def test_start_of_a_longer_reply_is_shown(self):
        async def scenario(consoles, commands, log, screen):
            screen.console.print("\n".join("%04d" % n for n in range(3_000)))
            await asyncio.sleep_ms(10)
            self.assertTrue(screen.shown.startswith(b"0000\r\n0001\r\n"))
            lost = 3_001 - screen.shown.count(b"\r\n")
            self.assertTrue(screen.shown.endswith(b"(lines lost: %d)\r\n" % lost))

        self.run_case(scenario)


suite.main()
