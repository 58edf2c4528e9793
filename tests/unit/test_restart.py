"""app.restart: send the reply, save the settings, stop the session, then reset."""

import asyncio
import unittest

import suite
from fakes import Log, clock, ended, run

from app.restart import Restart
from proto.values import BadArgument


class Parts:
    """Stands in for settings, params, session and chip; records the calls."""

    def __init__(self):
        self.calls = []
        self.stop_ms = 0
        self.full = False

    def flush(self):
        self.calls.append("flush")

    def files(self):
        return ["a.pem", "b.pem"]

    def forget(self, files):
        if self.full:
            raise OSError(28)
        self.calls.append("forget " + ",".join(files))

    def erase(self):
        self.calls.append("erase")

    def reset(self):
        self.calls.append("reset")

    def attempt(self):
        self.calls.append("attempt and reset")

    async def remove(self):
        self.calls.append("remove")

    async def stop(self):
        self.calls.append("stop")
        await asyncio.sleep_ms(self.stop_ms)


class TestRestart(unittest.TestCase):
    def run_case(self, request, stop_ms=0, full=False):
        async def main():
            parts = Parts()
            parts.full = full
            parts.stop_ms = stop_ms
            restart = Restart(parts, parts, parts, parts, Log())
            restart.discovery = parts
            task = asyncio.create_task(restart.run())
            await asyncio.sleep_ms(100_000)
            self.assertEqual(parts.calls, [])
            reply = request(restart)
            started = clock.now_ms()
            await asyncio.sleep_ms(100)
            self.assertEqual(parts.calls, [])  # the reply is sent first
            while "reset" not in str(parts.calls[-1:]) and clock.now_ms() - started < 60_000:
                await asyncio.sleep_ms(50)
            await ended(task)
            return reply, parts.calls, clock.now_ms() - started

        return run(main())

    def test_restart_saves_and_stops_the_session(self):
        reply, calls, ms = self.run_case(lambda restart: restart.cmd_restart("1"))
        self.assertEqual((reply, calls), ("Restarting", ["flush", "stop", "reset"]))
        self.assertTrue(ms < 2_000)

    def test_attempt_of_a_normal_start_saves_as_well(self):
        _, calls, _ = self.run_case(lambda restart: restart.attempt())
        self.assertEqual(calls, ["flush", "stop", "attempt and reset"])

    def test_reset_erases(self):
        reply, calls, _ = self.run_case(lambda restart: restart.cmd_reset("1"))
        self.assertEqual(reply, "Reset and Restarting")
        self.assertEqual(
            calls, ["forget a.pem,b.pem", "erase", "erase", "remove", "stop", "reset"]
        )

    def test_reset_with_full_flash(self):
        _, calls, _ = self.run_case(lambda restart: restart.cmd_reset("1"), full=True)
        self.assertEqual(calls, ["erase", "erase", "remove", "stop", "reset"])

    def test_session_that_hangs_is_not_waited_for(self):
        _, calls, ms = self.run_case(lambda restart: restart.request(), stop_ms=60_000)
        self.assertEqual(calls[-1], "reset")
        self.assertTrue(ms < 4_000, ms)

    def test_requires_a_1(self):
        def nothing(restart):
            for argument in ("", "0", "2", "yes", "11", "on"):
                with self.assertRaises(BadArgument):
                    restart.cmd_restart(argument)
                with self.assertRaises(BadArgument):
                    restart.cmd_reset(argument)

        self.assertEqual(self.run_case(nothing)[1], [])


suite.main()
