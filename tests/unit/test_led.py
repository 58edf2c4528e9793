"""app.led: the patterns of behaviour.md section 8 and their timing."""

import asyncio
import unittest

import suite
from fakes import clock, ended, run

from app.led import EVENTS, LED, STATES, LEDState, hold


class Output:
    """Records each change as (ms, on)."""

    def __init__(self):
        self.on = None
        self.changes = []

    def set(self, on):
        if bool(on) != self.on:
            self.on = bool(on)
            self.changes.append((clock.now_ms(), self.on))


def spans(changes):
    """Return the time between changes as [(on, ms), ...]."""
    return [(a[1], b[0] - a[0]) for a, b in zip(changes, changes[1:])]


def near(ms, expected, slack=45):
    return expected - 5 <= ms <= expected + slack


class LEDTestCase(unittest.TestCase):
    def run_case(self, scenario, state="connected"):
        async def main():
            output, box = Output(), [state]
            led = LED(output, lambda: box[0])
            task = asyncio.create_task(led.run())
            try:
                await asyncio.sleep_ms(5_000)
                await scenario(led, output, box)
            finally:
                await ended(task)
            self.assertFalse(output.on)  # the LED is off at the end

        run(main(), 100_000)


class TestStates(LEDTestCase):
    def shows(self, state, on_ms, off_ms):
        async def scenario(led, output, box):
            output.changes.clear()
            await asyncio.sleep_ms(20_000)
            found = spans(output.changes)
            self.assertTrue(len(found) >= 10, found)
            for on, ms in found:
                self.assertTrue(near(ms, on_ms if on else off_ms), (state, on, ms))

        self.run_case(scenario, state)

    def test_steadily_on_and_off(self):
        for state, on in (("start", True), ("erasing", True), ("connected", False)):

            async def scenario(led, output, box, on=on):
                self.assertEqual(output.on, on)
                output.changes.clear()
                await asyncio.sleep_ms(60_000)
                self.assertEqual(output.changes, [])

            self.run_case(scenario, state)

    def test_slow_blink_is_half_on_at_0_625_hz(self):
        self.shows("joining", 800, 800)

    def test_blink_is_half_on_at_1_25_hz(self):
        self.shows("update", 400, 400)

    def test_slow_flash_is_100_ms_on(self):
        self.shows("connecting", 100, 1_500)

    def test_fast_flash_is_100_ms_on_and_5_hz(self):
        self.shows("access point", 100, 100)

    def test_every_state_but_the_steady_ones_has_a_pattern_of_its_own(self):
        moving = [pattern for pattern in STATES.values() if len(pattern) > 1]
        self.assertEqual(len(set(moving)), len(moving))

    def test_safe_mode_is_shown_before_the_state_of_the_network(self):
        class WiFi:
            ap_open, state = True, "joining"

        state = LEDState(WiFi())
        self.assertEqual(state.now(), "access point")
        state.safe_mode = object()
        self.assertEqual(state.now(), "safe mode")

    def test_new_state_is_shown_at_once(self):
        async def scenario(led, output, box):
            for box[0] in ("start", "connected", "start", "joining", "connected"):
                await asyncio.sleep_ms(50)
                self.assertEqual(output.on, box[0] != "connected", box[0])

        self.run_case(scenario)

    def test_hold_ends_in_time_with_the_led_off(self):
        output, started = Output(), clock.now_ms()
        hold(output, "stopped", 2_000)
        self.assertTrue(near(clock.now_ms() - started, 2_000))
        flashes = [ms for on, ms in spans(output.changes) if on]
        self.assertTrue(len(flashes) >= 4 and all(near(ms, 100) for ms in flashes[:4]), flashes)
        self.assertFalse(output.on)

    def test_every_pattern_is_well_formed(self):
        for pattern in list(STATES.values()) + [pattern for pattern, _ in EVENTS.values()]:
            for level, ms in pattern:
                self.assertTrue(level in (0, 1) and ms >= 0)
                self.assertTrue(ms or len(pattern) == 1)


class TestEvents(LEDTestCase):
    def blinks(self, *events, state="connected"):
        found = []

        async def scenario(led, output, box):
            output.changes.clear()
            for event in events:
                led.show(event)
            await asyncio.sleep_ms(20_000)
            found.extend(spans(output.changes + [(clock.now_ms(), None)]))

        self.run_case(scenario, state)
        return found

    def test_counts_and_times(self):
        for event, count, ms in (("command", 2, 400), ("syntax", 4, 100), ("press", 1, 400)):
            found = self.blinks(event)
            on = [t for lit, t in found if lit]
            self.assertEqual(len(on), count, event)
            self.assertTrue(all(near(t, ms) for t in on), found)
            between = [t for lit, t in found[:-1] if not lit]
            self.assertTrue(all(near(t, ms) for t in between), found)

    def test_event_darkens_a_lit_led_first(self):
        found = self.blinks("press", state="start")
        self.assertTrue(near(found[0][1], 200) and not found[0][0], found)
        self.assertTrue(near(found[1][1], 400) and found[1][0], found)
        self.assertTrue(found[-1][0])  # on again

    def test_queued_events_are_shown_in_order_and_repeats_once(self):
        found = self.blinks(*["command"] * 50, "syntax")
        self.assertEqual(len([1 for lit, _ in found if lit]), 6)

    def test_event_is_shown_again_after_its_end(self):
        async def scenario(led, output, box):
            for _ in range(3):
                output.changes.clear()
                led.show("press")
                await asyncio.sleep_ms(3_000)
                self.assertEqual([on for _, on in output.changes], [True, False])

        self.run_case(scenario)

    def test_event_interrupts_a_long_phase_at_once(self):
        async def scenario(led, output, box):
            output.changes.clear()
            started = clock.now_ms()
            led.show("syntax")
            await asyncio.sleep_ms(1_000)
            self.assertTrue(output.changes[0][0] - started < 100, output.changes)

        self.run_case(scenario)


suite.main()
