"""app.restart: asked for, told, saved, done."""

import asyncio
import unittest

from fakes import Log, clock, ended, run

from app.restart import Restart
from proto.values import BadArgument


class Told:
    """Settings, session and chip in one: notes what is asked of it, and when."""

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

    async def stop(self):
        self.calls.append("stop")
        await asyncio.sleep_ms(self.stop_ms)


class TestRestart(unittest.TestCase):
    def story(self, ask, stop_ms=0, full=False):
        async def whole():
            told = Told()
            told.full = full
            told.stop_ms = stop_ms
            restart = Restart(told, told, told, told, Log())
            task = asyncio.create_task(restart.run())
            await asyncio.sleep_ms(100_000)
            self.assertEqual(told.calls, [])
            answer = ask(restart)
            started = clock.now_ms()
            await asyncio.sleep_ms(100)
            self.assertEqual(told.calls, [])  # the reply goes out first
            while "reset" not in told.calls and clock.now_ms() - started < 60_000:
                await asyncio.sleep_ms(50)
            await ended(task)
            return answer, told.calls, clock.now_ms() - started

        return run(whole())

    def test_restart_saves_and_says_goodbye(self):
        answer, calls, ms = self.story(lambda restart: restart.cmd_restart("1"))
        self.assertEqual((answer, calls), ("Restarting", ["flush", "stop", "reset"]))
        self.assertTrue(ms < 2_000)

    def test_reset_erases(self):
        answer, calls, _ = self.story(lambda restart: restart.cmd_reset("1"))
        self.assertEqual(answer, "Reset and Restarting")
        self.assertEqual(calls, ["forget a.pem,b.pem", "erase", "erase", "stop", "reset"])

    def test_reset_without_room_for_a_note(self):
        _, calls, _ = self.story(lambda restart: restart.cmd_reset("1"), full=True)
        self.assertEqual(calls, ["erase", "erase", "stop", "reset"])

    def test_hanging_goodbye_is_cut_short(self):
        _, calls, ms = self.story(lambda restart: restart.request(), stop_ms=60_000)
        self.assertEqual(calls[-1], "reset")
        self.assertTrue(ms < 4_000, ms)

    def test_needs_a_1(self):
        def nothing(restart):
            for argument in ("", "0", "2", "yes", "11", "on"):
                with self.assertRaises(BadArgument):
                    restart.cmd_restart(argument)
                with self.assertRaises(BadArgument):
                    restart.cmd_reset(argument)

        self.assertEqual(self.story(nothing)[1], [])


unittest.main()
