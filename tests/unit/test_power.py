"""app.power: switch, pulse, countdown, and the state after a restart."""

import asyncio
import unittest

import suite
from fakes import NVS, Log, clock, ended, run, settings_on

from app.power import Power
from config import limits
from proto.values import BadArgument


class Output:
    def __init__(self):
        self.percent = 0
        self.dims = True

    def set(self, percent):
        if percent not in (0, 100) and not self.dims:
            raise OSError("no RMT in this firmware")
        self.percent = percent


def make(nvs=None, **values):
    settings = settings_on(nvs, values=values)
    return Power(Output(), settings, Log()), settings


class TestPower(unittest.TestCase):
    def run_case(self, scenario, **values):
        async def main():
            power, settings = make(**values)
            task = asyncio.create_task(power.run())
            try:
                await scenario(power, settings)
            finally:
                await ended(task)

        run(main(), 200_000)

    def test_names_and_numbers(self):
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

    def test_brightness_of_the_lamp(self):
        power, settings = make()
        for text, lit, percent in (
            ("40", True, 40),
            ("off", False, 0),
            ("on", True, 40),  # the last one
            ("1", True, 40),
            ("0", False, 0),
            ("2", True, 40),
            ("1%", True, 1),
            ("100", True, 100),
            ("0%", False, 0),
            ("55.0", True, 55),
            ("7 %", True, 7),
            ("false", False, 0),
            ("3", True, 3),
        ):
            power.cmd_light(text)
            self.assertEqual((power.on, power._output.percent), (lit, percent), text)
        self.assertEqual(settings["lamplevel"], 3)
        for text in ("101", "-5", "40 %x", "%", "4.5", "on%", "dim"):
            with self.assertRaises(BadArgument):
                power.cmd_light(text)
        with self.assertRaises(BadArgument):  # it may be a relay
            power.cmd_power("40")

    def test_a_new_level_shows_at_once(self):
        async def scenario(power, settings):
            power.cmd_power("on")
            await settings.set("lamplevel", "25")
            await asyncio.sleep_ms(100)
            self.assertEqual(power._output.percent, 25)

        self.run_case(scenario)

    def test_a_lamp_that_cannot_be_dimmed_is_fully_on(self):
        power, _ = make()
        power._output.dims = False
        with self.assertRaises(BadArgument):
            power.cmd_light("40")
        self.assertEqual((power.on, power._output.percent), (True, 100))
        self.assertEqual((power.cmd_light("off"), power._output.percent), ("off", 0))
        self.assertEqual((power.cmd_light("on"), power._output.percent), ("on", 100))

    def test_flash_changes_no_state(self):
        power, _ = make()
        calls = []
        power.watchers.append(lambda: calls.append(1))
        power.flash(True)
        self.assertEqual(
            (power.on, power.cmd_power(""), power._output.percent), (False, "off", 100)
        )
        self.assertTrue(power.flashing)
        power.flash(False)
        self.assertEqual((power._output.percent, calls), (0, []))
        power.cmd_power("on")
        power.flash(True)
        power.flash(False)
        self.assertEqual(power._output.percent, 100)

    def test_flash_ends_by_itself(self):
        async def scenario(power, settings):
            power.flash(True)
            await asyncio.sleep_ms(limits.FLASH_MS - 100)
            self.assertEqual(power._output.percent, 100)
            await asyncio.sleep_ms(200)
            self.assertEqual(power._output.percent, 0)

        self.run_case(scenario)

    def test_invalid_arguments_change_nothing(self):
        power, _ = make()
        power.cmd_power("on")
        for text in ("3", "maybe", "-1", "on on", "\0"):
            with self.assertRaises(BadArgument):
                power.cmd_power(text)
        for text in (
            "0",
            "-1",
            "1441",
            "+0",
            "+1441",
            "x",
            "+",
            "1.5",
            "+-1",
            "++5",
            "99999999999",
        ):
            with self.assertRaises(BadArgument):
                power.cmd_timer(text)
        self.assertEqual((power.on, power.minutes_left), (True, 0))

    def test_pulse_ends_by_itself(self):
        async def scenario(power, settings):
            power.cmd_power("on")
            await asyncio.sleep_ms(1_400)
            self.assertTrue(power.on)
            await asyncio.sleep_ms(200)
            self.assertFalse(power.on)
            await asyncio.sleep_ms(10_000)
            self.assertFalse(power.on)
            power.cmd_power("on")
            power.cmd_power("off")
            power.cmd_power("on")  # restarts the pulse
            await asyncio.sleep_ms(1_400)
            self.assertTrue(power.on)

        self.run_case(scenario, pulse="15")

    def test_output_stays_on_without_a_pulse(self):
        async def scenario(power, settings):
            power.cmd_power("on")
            await asyncio.sleep_ms(1_000_000)
            self.assertTrue(power.on)

        self.run_case(scenario)

    def test_timer_switches_on_counts_down_and_switches_off(self):
        async def scenario(power, settings):
            self.assertEqual(power.cmd_timer(""), "0")
            self.assertEqual(power.cmd_timer("3"), "3")
            self.assertTrue(power.on)
            seen, calls = [], []
            power.watchers.append(lambda: calls.append(1))
            for _ in range(4):
                calls.clear()
                await asyncio.sleep_ms(60_050)
                seen.append((power.cmd_timer(""), power.on, len(calls)))
            self.assertEqual(
                seen,
                [("2", True, 1), ("1", True, 1), ("0", False, 1), ("0", False, 0)],
            )

        self.run_case(scenario)

    def test_timer_can_be_extended_up_to_a_day(self):
        power, _ = make()
        self.assertEqual(power.cmd_timer("+5"), "5")
        self.assertEqual(power.cmd_timer("+10"), "15")
        self.assertEqual(power.cmd_timer("1440"), "1440")
        self.assertEqual(power.cmd_timer("+1440"), "1440")
        self.assertTrue(power.on)

    def test_timer_is_not_ended_by_the_pulse(self):
        async def scenario(power, settings):
            power.cmd_timer("2")
            await asyncio.sleep_ms(100_000)
            self.assertTrue(power.on)
            await asyncio.sleep_ms(21_000)
            self.assertFalse(power.on)

        self.run_case(scenario, pulse="5")

    def test_seconds_until_it_switches_off(self):
        async def scenario(power, settings):
            self.assertIsNone(power.off_in_s)
            power.cmd_power("on")
            self.assertEqual(power.off_in_s, 2)
            await asyncio.sleep_ms(1_000)
            self.assertEqual(power.off_in_s, 1)
            power.cmd_timer("2")
            self.assertEqual(power.off_in_s, 120)
            await asyncio.sleep_ms(60_060)
            self.assertEqual(power.off_in_s, 60)
            power.cmd_power("off")
            self.assertIsNone(power.off_in_s)

        self.run_case(scenario, pulse="15")

    def test_any_change_clears_the_timer(self):
        for text in ("on", "off", "toggle"):
            power, _ = make()
            power.cmd_timer("5")
            power.cmd_power(text)
            self.assertEqual(power.cmd_timer(""), "0")

    def test_timing_is_kept_when_ticks_wrap_and_the_clock_is_set(self):
        async def scenario(power, settings):
            clock.wrap_soon(90_000)
            power.cmd_timer("3")
            clock.clock_offset_s += 86_400 * 3_650
            await asyncio.sleep_ms(170_000)
            self.assertTrue(power.on)
            await asyncio.sleep_ms(10_500)
            self.assertFalse(power.on)
            clock.clock_offset_s = 0

        self.run_case(scenario)

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

    def test_last_state_starts_with_the_state_when_it_is_selected(self):
        async def main():
            nvs = NVS()
            power, settings = make(nvs, poweratreset="off")
            task = asyncio.create_task(power.run())
            power.cmd_power("on")
            await settings.set("poweratreset", "last_state")
            await asyncio.sleep_ms(1_000)
            await ended(task)
            settings.flush()
            self.assertTrue(make(nvs)[0].on)

        run(main())

    def test_switching_writes_only_for_last_state(self):
        for at_reset, key in (("off", False), ("on", False), ("last_state", True)):
            nvs = NVS()
            power, settings = make(nvs, poweratreset=at_reset)
            for _ in range(10):
                power.cmd_power("toggle")
            power.cmd_power("on")
            settings.flush()
            self.assertEqual((nvs.writes, "APP_POWER" in nvs.stored), (int(key), key))

    def test_pulse_of_100_ms_and_of_a_minute(self):
        for tenths in (1, 600):

            async def scenario(power, settings, ms=100 * tenths):
                power.cmd_light("on")
                await asyncio.sleep_ms(ms - 20)
                self.assertTrue(power.on)
                await asyncio.sleep_ms(120)
                self.assertFalse(power.on)

            self.run_case(scenario, pulse=str(tenths))

    def test_button_press_is_a_change(self):
        async def scenario(power, settings):
            power.cmd_timer("5")
            power.toggle()
            self.assertEqual((power.on, power.minutes_left), (False, 0))
            power.toggle()
            await asyncio.sleep_ms(600)
            self.assertFalse(power.on)  # the press has started a pulse

        self.run_case(scenario, pulse="5")

    def test_timer_of_a_day(self):
        async def main():
            power = Power(Output(), settings_on(), Log(), minute_ms=200)
            task = asyncio.create_task(power.run())
            power.cmd_timer("1440")
            await asyncio.sleep_ms(1_440 * 200 - 150)
            self.assertEqual((power.on, power.minutes_left), (True, 1))
            await asyncio.sleep_ms(250)
            self.assertEqual((power.on, power.minutes_left), (False, 0))
            await ended(task)

        run(main())

    def test_a_sleep_starts_no_pulse(self):
        for at_reset in ("off", "on"):

            async def scenario(power, settings):
                power.resume(True)  # it was on without a pulse
                self.assertEqual((power.on, power.off_in_s), (True, None))
                await asyncio.sleep(2)
                self.assertTrue(power.on)
                power.resume(False)
                self.assertFalse(power.on)

            self.run_case(scenario, poweratreset=at_reset, pulse="10")

    def test_pulse_applies_after_a_restart_too(self):
        async def scenario(power, settings):
            self.assertTrue(power.on)
            await asyncio.sleep_ms(1_100)
            self.assertFalse(power.on)

        self.run_case(scenario, poweratreset="on", pulse="10")

    def test_watchers_are_called_on_changes(self):
        power, _ = make()
        calls = []
        power.watchers.append(lambda: calls.append(power.on))
        power.cmd_power("on")
        power.cmd_power("")
        power.cmd_power("off")
        self.assertEqual(calls, [True, False])


suite.main()
