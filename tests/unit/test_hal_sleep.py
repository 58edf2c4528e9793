"""hal.sleep: what a deep sleep keeps, and what has ended it."""

import sys
import unittest

import suite

HELD = ((33, 1), (4, 0), (32, 1))


class Asleep(Exception):
    """Raised by machine.deepsleep, which does not return on the chip."""


class Pin:
    IN, OUT, PULL_UP = 1, 3, 2
    calls = []
    levels = {}

    def __init__(self, number, mode=None, pull=None, value=None, hold=None):
        self.number = number
        Pin.calls.append((number, mode, pull, value, hold))

    def value(self):
        return Pin.levels.get(self.number, 1)


class RTC:
    stored = b""

    def memory(self, data=None):
        if data is None:
            return RTC.stored
        assert len(data) <= 2_048
        RTC.stored = bytes(data)


class machine:
    DEEPSLEEP_RESET, HARD_RESET = 4, 2
    EXT0_WAKE, TIMER_WAKE = 2, 4
    Pin, RTC = Pin, RTC
    cause = reason = 0

    @staticmethod
    def reset_cause():
        return machine.cause

    @staticmethod
    def wake_reason():
        return machine.reason

    @staticmethod
    def deepsleep(ms):
        raise Asleep(ms)


class esp32:
    WAKEUP_ALL_LOW, WAKEUP_ANY_HIGH = False, True
    wakes = []
    rtc_pins = (4, 15, 32, 33)

    @staticmethod
    def wake_on_ext0(pin, level):
        if pin and pin.number not in esp32.rtc_pins:
            raise ValueError("invalid pin")
        esp32.wakes.append((pin and pin.number, level))


sys.modules["machine"], sys.modules["esp32"] = machine, esp32

from hal import sleep  # noqa: E402 - needs the fakes above


class TestSleep(unittest.TestCase):
    def setUp(self):
        Pin.calls, Pin.levels, esp32.wakes, RTC.stored = [], {}, [], b""

    def begin(self, button=15):
        try:
            sleep.begin(600, button, HELD)
            self.fail("it has not slept")
        except Asleep as e:
            self.assertEqual(e.args, (600_000,))

    def test_what_has_ended_it(self):
        for cause, reason, expected in (
            (4, 4, "timer"),
            (4, 2, "button"),
            (4, 6, "timer"),
            (2, 0, ""),
        ):
            machine.cause, machine.reason = cause, reason
            self.assertEqual(sleep.woken_by(), expected)

    def test_outputs_are_held_and_the_button_wakes(self):
        self.begin()
        held = [call for call in Pin.calls if call[4]]
        self.assertEqual(held, [(n, Pin.OUT, None, v, True) for n, v in HELD])
        self.assertEqual(esp32.wakes, [(15, False)])
        Pin.calls = []
        sleep.release((33, 4, 32))
        self.assertEqual(Pin.calls, [(n, None, None, None, False) for n, _ in HELD])

    def test_a_button_that_is_down_or_cannot_wake(self):
        Pin.levels = {15: 0}
        self.begin()
        self.assertEqual(esp32.wakes, [(None, False)])
        Pin.levels = {}
        self.begin(button=5)
        self.assertEqual(len(esp32.wakes), 1)

    def test_notes(self):
        self.assertEqual(sleep.recall(), {})
        notes = {"missed": 3, "failure": "no Wi-Fi: “café”", "clock": None}
        sleep.remember(notes)
        self.assertEqual(sleep.recall(), notes)
        good = RTC.stored
        for damaged in (good[:-1], good[:3], good + b" ", b"\0" + good[1:], b"\0" * 40):
            RTC.stored = damaged
            self.assertEqual(sleep.recall(), {})


suite.main()
