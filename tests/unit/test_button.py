"""app.button: gestures in simulated time, with bouncing contacts, and their actions."""

import asyncio
import unittest

import suite
from fakes import Log, clock, ended, run

from app.button import Button, ButtonActions


class Contacts:
    """Contacts that change at `edges`, a list of (ms from the start, down)."""

    def __init__(self, edges):
        self._edges = edges
        self._start = clock.now_ms()

    def is_down(self):
        now = clock.now_ms() - self._start
        down = False
        for at, level in self._edges:
            if at <= now:
                down = level
        return down


def press(at, ms, bounce_ms=0, every_ms=3):
    """Return the edges of one press at `at` with bounce at both ends."""
    edges = []
    for edge, settled in ((at, True), (at + ms, False)):
        level = settled
        for t in range(edge, edge + bounce_ms, every_ms):
            edges.append((t, level))
            level = not level
        edges.append((edge + bounce_ms, settled))
    return edges


class Actions:
    """Records (action, ms from the start) of each call."""

    def __init__(self):
        self.seen = []
        self._start = clock.now_ms()

    def _note(self, action):
        self.seen.append((action, clock.now_ms() - self._start))

    def press(self):
        self._note("press")

    def many(self):
        self._note("many")

    def hold(self):
        self._note("hold")


def watch(edges, until_ms=None, **tunables):
    """Return ([(action, ms), ...], log) for a button with these edges."""

    async def scenario():
        actions, log = Actions(), Log()
        button = Button(Contacts(edges).is_down, actions, log, **tunables)
        task = asyncio.create_task(button.run())
        await asyncio.sleep_ms(until_ms or edges[-1][0] + 10_000)
        await ended(task)
        return actions.seen, log

    return run(scenario())


def actions_of(edges, **more):
    return [action for action, _ in watch(edges, **more)[0]]


class TestPress(unittest.TestCase):
    def test_acts_at_once(self):
        seen, _ = watch(press(1_000, 2_000))
        self.assertEqual(len(seen), 1)
        self.assertTrue(1_000 <= seen[0][1] <= 1_050, seen)

    def test_bounce_of_1_to_50_ms_is_one_press(self):
        for bounce in range(51):
            every = (1, 3, 7, 19)[bounce % 4]
            edges = press(1_000, 200, bounce, every)
            self.assertEqual(actions_of(edges), ["press"], (bounce, every))

    def test_hundred_presses_with_bounce_count_as_a_hundred(self):
        edges = []
        for n in range(100):
            edges += press(1_000 + 1_500 * n, 150, n % 51, 1 + n % 9)
        self.assertEqual(actions_of(edges), ["press"] * 100)

    def test_glitches_are_ignored(self):
        edges = []
        for n in range(200):
            edges += press(1_000 + 117 * n, 5)
        self.assertEqual(actions_of(edges), [])

    def test_short_gaps_between_presses_count(self):
        edges = []
        for n in range(3):
            edges += press(1_000 + 190 * n, 100)
        self.assertEqual(actions_of(edges), ["press"] * 3)


class TestMany(unittest.TestCase):
    def times(self, count, step_ms, first=1_000):
        edges = []
        for n in range(count):
            edges += press(first + step_ms * n, 150, 20)
        return edges

    def test_fourth_press_within_a_second_of_the_third_acts_once(self):
        for step in (250, 500, 950):
            expected = ["press"] * 4 + ["many"]
            self.assertEqual(actions_of(self.times(4, step)), expected, step)

    def test_three_presses_or_a_pause_of_a_second_do_not_count(self):
        self.assertEqual(actions_of(self.times(3, 400)), ["press"] * 3)
        self.assertEqual(actions_of(self.times(8, 1_050)), ["press"] * 8)
        self.assertEqual(actions_of(self.times(3, 400) + self.times(3, 400, 5_000)), ["press"] * 6)

    def test_count_restarts_after_four_presses(self):
        seen = actions_of(self.times(8, 400))
        self.assertEqual(seen, (["press"] * 4 + ["many"]) * 2)
        self.assertEqual(actions_of(self.times(7, 400)).count("many"), 1)

    def test_press_of_last_week_does_not_count(self):
        async def scenario():
            actions = Actions()
            down = [False]
            button = Button(lambda: down[0], actions, Log())
            task = asyncio.create_task(button.run())
            for days in (0, 9, 0, 0):
                await asyncio.sleep_ms(300)
                clock.ticks_offset += days * 86_400_000
                down[0] = True
                await asyncio.sleep_ms(100)
                down[0] = False
                await asyncio.sleep_ms(100)
            await ended(task)
            self.assertEqual([action for action, _ in actions.seen], ["press"] * 4)

        run(scenario())


class TestHold(unittest.TestCase):
    def test_exactly_at_the_limit(self):
        for ms, expected in ((3_900, ["press"]), (4_100, ["press", "hold"])):
            for bounce in (0, 20, 50):
                self.assertEqual(actions_of(press(1_000, ms, bounce)), expected, (ms, bounce))

    def test_acts_once_while_held(self):
        seen, _ = watch(press(1_000, 60_000))
        self.assertEqual([action for action, _ in seen], ["press", "hold"])
        self.assertTrue(5_000 <= seen[1][1] <= 5_100, seen)

    def test_bounce_does_not_end_the_hold(self):
        edges = [(1_000, True)]
        for t in range(1_500, 5_000, 500):
            edges += [(t, False), (t + 40, True)]
        edges += [(5_500, False)]
        self.assertEqual(actions_of(edges), ["press", "hold"])

    def test_release_ends_the_hold(self):
        edges = press(1_000, 3_000) + press(4_300, 3_000)
        self.assertEqual(actions_of(edges), ["press", "press"])

    def test_works_across_the_wrap_of_ticks(self):
        clock.wrap_soon(3_000)
        seen, _ = watch(press(1_000, 6_000))
        self.assertEqual([action for action, _ in seen], ["press", "hold"])
        self.assertTrue(5_000 <= seen[1][1] <= 5_100, seen)

    def test_limit_is_a_tunable(self):
        self.assertEqual(actions_of(press(1_000, 300), hold_ms=200), ["press", "hold"])


class TestStuck(unittest.TestCase):
    def test_down_at_the_start_is_logged_and_ignored(self):
        seen, log = watch([(0, True)], 100_000)
        self.assertEqual((seen, len(log.errors)), ([], 1))

    def test_works_after_release(self):
        for bounce in (0, 10, 50):
            edges = [(0, True)] + press(3_000, 2_000, bounce)[len(press(0, 0, bounce)) // 2 :]
            seen, log = watch(edges + press(10_000, 200, bounce))
            self.assertEqual([action for action, _ in seen], ["press"])
            self.assertTrue(seen[0][1] >= 10_000)


class TestActions(unittest.TestCase):
    def test_each_gesture_has_its_action(self):
        done = []

        class Part:
            def __getattr__(self, name):
                return lambda *args: done.append((name,) + args)

        part, log = Part(), Log()
        actions = ButtonActions(part, part, part, part, log, part.notify)
        for gesture, calls in (
            (actions.press, [("notify", "button", "press"), ("toggle",), ("show", "press")]),
            (actions.many, [("notify", "button", "four_presses"), ("setup",)]),
            (actions.hold, [("erase",)]),
        ):
            done.clear()
            gesture()
            self.assertEqual(done, calls)
        self.assertEqual(log.infos, [("button", "four presses")])


suite.main()
