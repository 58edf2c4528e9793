"""app.power: switch, pulse, countdown, and what comes back after a restart."""

import asyncio
import unittest

from fakes import NVS, Log, clock, ended, run

from app.power import Power
from app.settings import Settings
from proto.values import BadArgument


class Output:
    def __init__(self):
        self.on = False

    def set(self, on):
        self.on = bool(on)


def make(nvs=None, **values):
    settings = Settings(nvs or NVS(), Log())
    for name, text in values.items():
        settings.set(name, text)
    return Power(Output(), settings), settings


class TestPower(unittest.TestCase):
    def story(self, tell, **values):
        async def whole():
            power, settings = make(**values)
            task = asyncio.create_task(power.run())
            try:
                await tell(power, settings)
            finally:
                await ended(task)

        run(whole(), 200_000)

    def test_words_and_numbers(self):
        power, _ = make()
        for text, answer in (
            ("on", "on"),
            ("1", "on"),
            ("ON", "on"),
            ("", "on"),
            ("toggle", "off"),
            ("2", "on"),
            ("off", "off"),
            ("0", "off"),
            ("", "off"),
        ):
            self.assertEqual(power.cmd_power(text), answer)
            self.assertEqual(power.on, answer == "on")
        self.assertEqual(power.cmd_light("toggle"), "on")

    def test_nonsense_changes_nothing(self):
        power, _ = make()
        power.cmd_power("on")
        for text in ("3", "maybe", "-1", "on on", "\0"):
            with self.assertRaises(BadArgument):
                power.cmd_power(text)
        for text in ("0", "-1", "1441", "+0", "+1441", "x", "+", "1.5", "+-1", "99999999999"):
            with self.assertRaises(BadArgument):
                power.cmd_timer(text)
        self.assertEqual((power.on, power.minutes_left), (True, 0))

    def test_pulse_ends_by_itself(self):
        async def tell(power, settings):
            power.cmd_power("on")
            await asyncio.sleep_ms(1_400)
            self.assertTrue(power.on)
            await asyncio.sleep_ms(200)
            self.assertFalse(power.on)
            await asyncio.sleep_ms(10_000)
            self.assertFalse(power.on)
            power.cmd_power("on")
            power.cmd_power("off")
            power.cmd_power("on")  # starts it anew
            await asyncio.sleep_ms(1_400)
            self.assertTrue(power.on)

        self.story(tell, pulse="15")

    def test_without_pulse_it_stays(self):
        async def tell(power, settings):
            power.cmd_power("on")
            await asyncio.sleep_ms(1_000_000)
            self.assertTrue(power.on)

        self.story(tell)

    def test_timer_turns_on_counts_minutes_and_turns_off(self):
        async def tell(power, settings):
            self.assertEqual(power.cmd_timer(""), "0")
            self.assertEqual(power.cmd_timer("3"), "3")
            self.assertTrue(power.on)
            seen = []
            for _ in range(4):
                power.changed.clear()
                await asyncio.sleep_ms(60_050)
                seen.append((power.cmd_timer(""), power.on, power.changed.is_set()))
            self.assertEqual(
                seen,
                [("2", True, True), ("1", True, True), ("0", False, True), ("0", False, False)],
            )

        self.story(tell)

    def test_timer_is_extended_up_to_a_day(self):
        power, _ = make()
        self.assertEqual(power.cmd_timer("+5"), "5")
        self.assertEqual(power.cmd_timer("+10"), "15")
        self.assertEqual(power.cmd_timer("1440"), "1440")
        self.assertEqual(power.cmd_timer("+1440"), "1440")
        self.assertTrue(power.on)

    def test_timer_is_not_ended_by_the_pulse(self):
        async def tell(power, settings):
            power.cmd_timer("2")
            await asyncio.sleep_ms(100_000)
            self.assertTrue(power.on)
            await asyncio.sleep_ms(21_000)
            self.assertFalse(power.on)

        self.story(tell, pulse="5")

    def test_any_change_clears_the_timer(self):
        for text in ("on", "off", "toggle"):
            power, _ = make()
            power.cmd_timer("5")
            power.cmd_power(text)
            self.assertEqual(power.cmd_timer(""), "0")

    def test_times_hold_over_the_wrap_of_ticks_and_a_moved_clock(self):
        async def tell(power, settings):
            clock.wrap_soon(90_000)
            power.cmd_timer("3")
            clock.clock_offset_s += 86_400 * 3_650
            await asyncio.sleep_ms(170_000)
            self.assertTrue(power.on)
            await asyncio.sleep_ms(10_500)
            self.assertFalse(power.on)
            clock.clock_offset_s = 0

        self.story(tell)

    def test_state_after_a_restart(self):
        for at_reset, before, after in (
            ("off", "on", False),
            ("on", "off", True),
            ("last_state", "on", True),
            ("last_state", "off", False),
        ):
            nvs = NVS()
            power, settings = make(nvs, poweratreset=at_reset)
            power.cmd_power(before)
            settings.flush()
            self.assertEqual(make(nvs)[0].on, after, (at_reset, before))

    def test_pulse_counts_after_a_restart_too(self):
        async def tell(power, settings):
            self.assertTrue(power.on)
            await asyncio.sleep_ms(1_100)
            self.assertFalse(power.on)

        self.story(tell, poweratreset="on", pulse="10")

    def test_changes_are_announced(self):
        power, _ = make()
        power.changed.clear()
        power.cmd_power("on")
        self.assertTrue(power.changed.is_set())


unittest.main()
