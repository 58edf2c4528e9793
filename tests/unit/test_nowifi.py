"""app.nowifi: the message, the LED and the growing pause of a start without Wi-Fi."""

import unittest

import suite
from fakeboard import NVS, machine
from fakes import clock


class Pin:
    """GPIO; `changes` has the time and the level of each change."""

    OUT = 3
    changes = []

    def __init__(self, number, mode, value, hold):
        assert (number, hold) == (33, False)  # a deep sleep may have held it

    def value(self, level):
        Pin.changes.append((clock.now_ms(), level))


machine.Pin = Pin

from app import nowifi  # noqa: E402  after the modules that it imports
from hal import bootnote  # noqa: E402


def wait(failed):
    """Pause after `failed` starts; return (text, pause in s)."""
    note = bootnote.Note()
    note.starts = failed
    bootnote.save(note)
    printed = []
    nowifi.print = printed.append
    machine.watchdogs.clear()
    Pin.changes.clear()
    started = clock.now_ms()
    nowifi.wait(OSError("not enough memory for Wi-Fi"))
    return printed[0], (clock.now_ms() - started) // 1_000


class TestNoWiFi(unittest.TestCase):
    def setUp(self):
        NVS.stored.clear()

    def test_says_what_happened_and_what_to_do(self):
        text = wait(1)[0]
        self.assertTrue(text.startswith("Wi-Fi does not start: not enough memory for Wi-Fi.\n"))
        for part in ("in 20 s", "Ctrl-C", "PSRAM"):
            self.assertTrue(part in text, text)

    def test_pause_grows_to_a_limit(self):
        self.assertEqual([wait(n)[1] for n in range(8)], [10, 20, 40, 80, 160, 320, 320, 320])

    def test_watchdog_does_not_end_the_pause(self):
        wait(3)
        self.assertEqual(machine.watchdogs, [100_000])

    def test_led_flashes_three_times_and_is_off_at_the_end(self):
        wait(0)
        on = [at for at, level in Pin.changes if level == 0]  # active low
        gaps = [b - a for a, b in zip(on, on[1:])]
        self.assertTrue(all(280 <= gap <= 400 for gap in gaps[:2]), gaps)
        self.assertTrue(1_400 <= gaps[2] <= 1_600, gaps)
        self.assertEqual(Pin.changes[-1][1], 1)


suite.main()
