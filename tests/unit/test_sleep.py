"""app.sleep: when a camera on a battery sleeps, for how long, and what keeps it awake."""

import asyncio
import unittest

import suite
from fakes import NVS, Log, clock, ended, run, settings_on, until
from powercut import MODES, DyingNVS, PowerCut

from app.sleep import ASLEEP, Sleeper
from config import limits

SOON_MS = 3_000  # more than the polls on the way to sleep take


class Asleep(Exception):
    """The chip sleeps."""


class Part:
    """Stands in for session, wifi, publisher, telemetry and commands."""

    def __init__(self, board):
        self._board = board
        self.up = asyncio.Event()
        self.state, self.reason = "waiting", "out of range"
        self.pending = self.busy = False
        self.takes_ms = 0
        self.closes = True

    def request_due(self, trigger):
        self._request("picture " + trigger)

    def request(self):
        self._request("telemetry")

    def _request(self, what):
        self._board.calls.append(what)
        if self.takes_ms:
            self.pending = True
            self._board.later(self.takes_ms, self._done)

    def _done(self):
        self.pending = False

    async def stop(self, last):
        assert last == ASLEEP
        if self.up.is_set():
            self._board.calls.append("stop")
            await asyncio.sleep_ms(100)
            if self.closes:
                self.up.clear()


class Board:
    """One wake of a board; `notes` is what survives the sleep."""

    def __init__(self, notes=None, woken_by="timer", attended=False, nvs=None, **more):
        values = {"deepsleep": "600", "mqtthost": "mqtt://b", "pubinterval": "9"}
        values.update(more)
        self.settings = settings_on(nvs or NVS(), values=values)
        self.calls, self.notes, self.slept = [], notes or {}, None
        self.session, self.wifi, self.publisher, self.telemetry = [Part(self) for _ in range(4)]
        self.commands, self.outbox = Part(self), []
        self.reason = ""
        self.used = 0
        self.log, self._tasks = Log(), []
        self.log.uptime_s = lambda: (clock.now_ms() - self._started) // 1_000
        self.sleeper = Sleeper(
            self.settings,
            self.session,
            self.wifi,
            self.publisher,
            self.telemetry,
            self.commands,
            self.outbox,
            self.log,
            lambda: self.reason,
            lambda: ((self.used, 20_000), (0, 1)),
            dict(self.notes),
            self._remember,
            self._begin,
            woken_by,
            attended,
        )

    def later(self, ms, call):
        async def wait():
            await asyncio.sleep_ms(ms)
            call()

        self._tasks.append(asyncio.create_task(wait()))

    def connect(self):
        self.wifi.up.set()
        self.session.up.set()

    def _remember(self, notes):
        self.notes = notes

    def _begin(self, seconds):
        self.slept = seconds
        raise Asleep

    async def wake(self, limit_s=3_600):
        """Run until the board sleeps; return for how long it was awake, in ms."""
        self._started = clock.now_ms()
        try:
            await asyncio.wait_for(self.sleeper.run(), limit_s)
        except Asleep:
            return clock.now_ms() - self._started
        finally:
            for task in self._tasks:
                await ended(task)


class TestSleeper(unittest.TestCase):
    def about(self, ms, expected_ms):
        self.assertTrue(expected_ms <= ms < expected_ms + SOON_MS, (ms, expected_ms))

    def wake(self, at=(), **how):
        """Return (board, ms awake) of a wake; at: (ms, function of the board) to call."""

        async def main():
            board = Board(**how)
            for ms, call in at:
                board.later(ms, lambda call=call: call(board))
            return board, await board.wake()

        return run(main())

    def test_reports_waits_for_commands_and_sleeps(self):
        board, ms = self.wake([(7_000, Board.connect)])
        self.assertEqual(board.calls, ["picture wake", "telemetry", "stop"])
        self.about(ms, 7_000 + 5_000)
        self.assertEqual(board.slept, 600)
        self.assertEqual(board.notes, {"awake": ms // 1_000, "missed": 0, "failure": ""})
        _, ms = self.wake([(0, Board.connect)], sleepwait="60")
        self.about(ms, 60_000)

    def test_commands_that_the_broker_has_kept_run_before_the_picture(self):
        """Privacy, for example."""

        def connect(board):
            board.connect()
            board.commands.busy = True

        def done(board):
            board.calls.append("commands")
            board.commands.busy = False

        board, _ = self.wake([(1_000, connect), (3_000, done)])
        self.assertEqual(board.calls, ["commands", "picture wake", "telemetry", "stop"])

    def test_waits_until_picture_and_telemetry_are_out(self):
        def slow(board):
            board.connect()
            board.publisher.takes_ms = 9_000

        _, ms = self.wake([(0, slow)])
        self.about(ms, 9_000 + 5_000)

    def test_a_link_that_is_lost_meanwhile_is_waited_for(self):
        """A broker may end it because of the picture; the next one is smaller."""

        def slow(board):
            board.connect()
            board.publisher.takes_ms = 1_000

        def lose(board):
            board.session.up.clear()

        board, ms = self.wake([(0, slow), (700, lose), (9_000, Board.connect)])
        self.assertEqual(board.calls, 2 * ["picture wake", "telemetry"] + ["stop"])
        self.about(ms, 9_000 + 1_000 + 5_000)
        self.assertEqual(board.notes["missed"], 0)
        board, ms = self.wake([(0, slow), (700, lose)])
        self.about(ms, limits.SLEEP_CONNECT_MS)
        self.assertEqual(board.notes["failure"], "no broker: out of range")

    def test_a_broker_that_ends_each_link_does_not_keep_it_awake(self):
        def flap(board):
            async def toggle():
                while True:
                    board.connect()
                    await asyncio.sleep_ms(900)
                    board.session.up.clear()
                    await asyncio.sleep_ms(900)

            board.publisher.takes_ms = 5_000
            board._tasks.append(asyncio.create_task(toggle()))

        board, ms = self.wake([(0, flap)])
        self.assertTrue(ms < limits.SLEEP_CONNECT_MS + 20_000, ms)

    def test_without_a_broker_wifi_is_enough(self):
        def join(board):
            board.wifi.up.set()
            board.telemetry.takes_ms = 3_600_000  # it waits for a broker

        board, ms = self.wake([(2_000, join)], mqtthost="")
        self.assertEqual(board.calls, ["picture wake", "telemetry"])
        self.about(ms, 2_000 + 5_000)

    def test_while_the_broker_is_away_others_get_the_picture(self):
        def join(board):
            board.wifi.up.set()
            board.publisher.takes_ms = 2_000

        board, ms = self.wake([(1_000, join)])
        self.assertEqual(board.calls, ["picture wake"])
        self.about(ms, limits.SLEEP_CONNECT_MS + 2_000)
        self.assertEqual(board.notes["failure"], "no broker: out of range")

    def test_messages_at_qos_1_reach_the_broker_before_the_sleep(self):
        def connect(board):
            board.connect()
            board.outbox.append("power off")

        def acknowledge(board):
            board.calls.append(board.outbox.pop())

        board, _ = self.wake([(0, connect), (8_000, acknowledge)])
        self.assertEqual(board.calls[2:], ["power off", "stop"])
        _, ms = self.wake([(0, connect)])  # a broker that acknowledges nothing
        self.about(ms, 5_000 + limits.SLEEP_OFFLINE_MS)

    def test_each_command_extends_the_wait(self):
        def use(board):
            board.used += 1

        _, ms = self.wake([(0, Board.connect), (4_000, use), (15_000, use), (30_000, use)])
        self.about(ms, 30_000 + 20_000)

    def test_a_reason_keeps_it_awake(self):
        def watch(board):
            board.reason = "there is a viewer"

        def leave(board):
            self.assertEqual(board.sleeper.reason, "there is a viewer")
            board.reason = ""

        _, ms = self.wake([(0, Board.connect), (1_000, watch), (500_000, leave)])
        self.about(ms, 500_000)

    def test_a_viewer_for_a_week(self):
        def watch(board):
            board.connect()
            board.reason = "there is a viewer"

        def pass_days(board):
            clock.ticks_offset += 2 * 24 * 3_600_000

        def leave(board):
            board.reason = ""

        days = [(10_000 * n, pass_days) for n in range(1, 5)]
        _, ms = self.wake([(0, watch), (60_000, leave)] + days)
        self.about(ms, 60_000)

    def test_a_reason_at_the_last_moment(self):
        def watch(board):
            self.assertEqual(board.calls[-1], "stop")
            board.reason = "there is a viewer"
            board.later(1_000, board.connect)
            board.later(60_000, lambda: setattr(board, "reason", ""))

        board, ms = self.wake(
            [(0, Board.connect), (1, lambda board: board.later(5_000, lambda: _spy(board, watch)))]
        )
        self.about(ms, 65_000)
        self.assertEqual(board.calls, ["picture wake", "telemetry", "stop", "stop"])

    def test_says_why_it_is_awake(self):
        seen = []

        def look(board):
            seen.append(board.sleeper.reason)

        self.wake([(0, Board.connect), (100, look), (1_400, look), (4_400, look)])
        self.assertEqual(seen[0], "it has not reported yet")
        self.assertTrue(seen[1] in ("for 4 s", "for 5 s"), seen)
        self.assertEqual(seen[2], "for 1 s")

    def test_no_broker(self):
        board, ms = self.wake()
        self.about(ms, limits.SLEEP_CONNECT_MS)
        self.assertEqual((board.calls, board.slept), ([], 600))
        self.assertEqual(board.notes["failure"], "no Wi-Fi: out of range")
        self.assertEqual(board.log.errors, [("sleep", "no Wi-Fi: out of range")])

    def test_an_outage_makes_the_sleep_longer_and_is_reported_once(self):
        notes, slept = {"clock": 5}, []
        for _ in range(20):
            board, _ = self.wake(notes=notes)
            notes = board.notes
            slept.append(board.slept)
        self.assertEqual(slept, [600, 1_200, 2_400] + 17 * [3_600])
        self.assertEqual((notes["missed"], notes["clock"]), (20, 5))
        told = []
        board, _ = self.wake(
            [(0, Board.connect), (3_000, lambda board: told.append(board.sleeper.figures()))],
            notes=notes,
        )
        self.assertTrue(" s, 20 missed" in str(board.sleeper))
        self.assertEqual((told[0]["Missed"], told[0]["Reason"]), (20, "no Wi-Fi: out of range"))
        self.assertEqual((told[0]["Wake"], told[0]["Awake"]), ("timer", 3))
        self.assertTrue(45 <= told[0]["LastAwake"] < 48, told)
        self.assertEqual((board.slept, board.notes["missed"]), (600, 0))

    def test_an_interval_of_a_day_does_not_grow(self):
        board, _ = self.wake(notes={"missed": 1_000_000}, deepsleep="86400")
        self.assertEqual(board.slept, 86_400)

    def test_reports_a_broker_that_comes_late(self):
        def stay(board):
            board.reason = "the access point is open"

        def go_on(board):
            board.connect()
            board.reason = ""

        board, ms = self.wake([(0, stay), (100_000, go_on)])
        self.assertEqual(board.calls, ["picture wake", "telemetry", "stop"])
        self.about(ms, 105_000)
        self.assertEqual((board.slept, board.notes["missed"]), (600, 0))

    def test_somebody_is_there_after_a_start(self):
        board, ms = self.wake([(0, Board.connect)], woken_by="", attended=True)
        self.about(ms, limits.SLEEP_ATTENDED_MS)
        self.assertEqual(board.sleeper.figures()["Wake"], None)

        def change(board):
            board.settings.put("deepsleep", 60)

        board, ms = self.wake([(0, Board.connect), (20_000, change)], attended=True)
        self.about(ms, 25_000)
        self.assertEqual(board.slept, 60)

    def test_a_broker_that_does_not_close_the_link(self):
        def keep_open(board):
            board.connect()
            board.session.closes = False

        _, ms = self.wake([(0, keep_open)])
        self.about(ms, 5_000 + limits.SLEEP_OFFLINE_MS)

    def test_switched_off_at_the_last_moment(self):
        async def main():
            board = Board()
            board.connect()
            task = asyncio.create_task(board.wake())
            await until(lambda: board.calls[-1:] == ["stop"])
            await ended(task)
            self.assertEqual(board.slept, None)

        run(main())

    def test_power_cut_at_every_flash_operation(self):
        """A command has changed settings: after a power cut all of them are old, or all new."""
        changes = {"deepsleep": "60", "name": "porch", "sleepwait": "7"}
        old, new = (600, "", 5), (60, "porch", 7)

        def change(board):
            async def apply():
                await board.settings._change(changes)  # as `apply`, which saves at once

            board._tasks.append(asyncio.create_task(apply()))

        def values(stored):
            nvs = NVS()
            nvs.stored = dict(stored)
            settings = settings_on(nvs)
            return tuple(settings[name] for name in ("deepsleep", "name", "sleepwait"))

        first = DyingNVS({})
        self.wake([(0, Board.connect), (2_000, change)], nvs=first)
        self.assertEqual(values(first.stored), new)
        self.assertTrue(first.operations > 5, first.operations)
        stored = {"SLEEP": 600, "MQTT_HOST": b"mqtt://b", "MQTT_PUBINTERV": 9}
        found = set()
        for cut in range(first.operations):
            for mode in MODES:
                nvs = DyingNVS(stored, cut, mode)
                try:
                    self.wake([(0, Board.connect), (2_000, change)], nvs=nvs)
                except PowerCut:
                    pass
                found.add(values(nvs.after_power_cut()))
        self.assertEqual(found, {old, new})

    def test_a_wake_writes_nothing_to_flash(self):
        nvs = NVS()
        for connected in (True, False):
            self.wake([(0, Board.connect)] if connected else [], nvs=nvs)
        self.assertEqual(nvs.writes, 0)


def _spy(board, call):
    """Call `call(board)` while the session stops."""
    stop = board.session.stop

    async def spied(last):
        board.session.stop = stop
        await stop(last)
        call(board)

    board.session.stop = spied


suite.main()
