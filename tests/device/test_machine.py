"""Checks `machine`, `time` and `esp` against the behaviour of the ESP32."""

import time
import unittest

import esp
import esp32
import machine
from machine import RTC, WDT, Pin

LED = 33
POWER = 4
BUTTON = 15


def refused(function, *args, **kwargs):
    """Return the type and arguments of the exception, or None."""
    try:
        function(*args, **kwargs)
    except Exception as exc:
        return type(exc), exc.args
    return None


class TestPin(unittest.TestCase):
    def tearDown(self):
        Pin(POWER, Pin.OUT, value=0, hold=False)
        Pin(LED, Pin.OUT, value=1)

    def test_unknown_pin(self):
        for number in (99, 40, -1, 24):
            self.assertEqual(refused(Pin, number), (ValueError, ("invalid pin",)))

    def test_input_only_pins(self):
        for number in (34, 35, 36, 39):
            args = ("pin can only be input",)
            self.assertEqual(refused(Pin, number, Pin.OUT), (ValueError, args))

    def test_output(self):
        pin = Pin(POWER, Pin.OUT, value=1)
        self.assertEqual(pin.value(), 1)
        pin.value(0)
        self.assertEqual(pin(), 0)
        pin.on()
        self.assertEqual(pin(), 1)
        pin.off()
        self.assertEqual(pin(), 0)
        pin(1)
        self.assertEqual(pin.value(), 1)

    def test_one_object_per_pin(self):
        self.assertIs(Pin(LED), Pin(LED))

    def test_reconfiguring_keeps_the_level(self):
        Pin(POWER, Pin.OUT, value=1)
        self.assertEqual(Pin(POWER, Pin.OUT).value(), 1)

    def test_button_is_up(self):
        self.assertEqual(Pin(BUTTON, Pin.IN, Pin.PULL_UP).value(), 1)

    def test_held_pin_ignores_the_firmware_until_it_is_released(self):
        pin = Pin(POWER, Pin.OUT, value=1, hold=True)
        pin.value(0)
        self.assertEqual(Pin(POWER).value(), 1)
        pin.init(hold=False)
        self.assertEqual(Pin(POWER).value(), 0)

    def test_signal(self):
        lamp = machine.Signal(Pin(LED, Pin.OUT), invert=True)
        lamp.on()
        self.assertEqual(Pin(LED).value(), 0)
        lamp.off()
        self.assertEqual(Pin(LED).value(), 1)


class TestChip(unittest.TestCase):
    def test_identity(self):
        self.assertEqual(len(machine.unique_id()), 6)
        self.assertIsInstance(machine.unique_id(), bytes)

    def test_reset_cause(self):
        self.assertIn(machine.reset_cause(), range(1, 6))
        causes = "PWRON_RESET HARD_RESET WDT_RESET DEEPSLEEP_RESET SOFT_RESET"
        self.assertEqual([getattr(machine, name) for name in causes.split()], [1, 2, 3, 4, 5])

    def test_deep_sleep(self):
        """No test sleeps, because the board would start again."""
        self.assertTrue(callable(machine.deepsleep))
        self.assertEqual((machine.EXT0_WAKE, machine.TIMER_WAKE), (2, 4))
        self.assertIn(machine.wake_reason(), range(7))
        self.assertEqual((esp32.WAKEUP_ALL_LOW, esp32.WAKEUP_ANY_HIGH), (False, True))
        self.assertEqual(refused(esp32.wake_on_ext0, Pin(5), False)[0], ValueError)
        self.assertIsNone(esp32.wake_on_ext0(Pin(BUTTON, Pin.IN, Pin.PULL_UP), False))
        self.assertIsNone(esp32.wake_on_ext0(None, False))

    def test_frequency(self):
        self.assertIn(machine.freq(), (80_000_000, 160_000_000, 240_000_000))

    def test_unsupported_names_are_missing(self):
        self.assertFalse(hasattr(machine, "mcu_temperature"))
        self.assertFalse(hasattr(time, "strftime"))

    def test_watchdog(self):
        self.assertEqual(refused(WDT, timeout=0), (ValueError, ("WDT timeout too short",)))
        self.assertEqual(refused(WDT, id=1), (ValueError, ()))


class TestLog(unittest.TestCase):
    """ESP-IDF's own log, whose default level `osdebug(None)` restores without silencing it."""

    def tearDown(self):
        esp.osdebug(None)

    def test_levels(self):
        names = "LOG_NONE LOG_ERROR LOG_WARNING LOG_INFO LOG_DEBUG LOG_VERBOSE"
        self.assertEqual([getattr(esp, name) for name in names.split()], list(range(6)))

    def test_osdebug(self):
        for args in ((0, esp.LOG_NONE), (0,), (None,), (None, esp.LOG_NONE)):
            self.assertIsNone(esp.osdebug(*args))
        for args in ((), (0, "none"), (0, 1, 2)):
            self.assertIs(refused(esp.osdebug, *args)[0], TypeError)


class TestRTC(unittest.TestCase):
    def setUp(self):
        self.before = RTC().datetime()

    def tearDown(self):
        RTC().datetime(self.before)
        RTC().memory(b"")

    def test_set_and_read(self):
        RTC().datetime((2026, 11, 22, 0, 21, 30, 15, 0))
        self.assertEqual(RTC().datetime()[:7], (2026, 11, 22, 6, 21, 30, 15))
        self.assertEqual(time.localtime()[:6], (2026, 11, 22, 21, 30, 15))

    def test_memory(self):
        RTC().memory(b"\x00\xffkept")
        self.assertEqual(RTC().memory(), b"\x00\xffkept")
        args = ("buffer too long",)
        self.assertEqual(refused(RTC().memory, bytes(2049)), (ValueError, args))
        RTC().memory(bytes(2048))


class TestTime(unittest.TestCase):
    def test_epoch(self):
        self.assertEqual(time.gmtime(0), (2000, 1, 1, 0, 0, 0, 5, 1))
        self.assertEqual(time.mktime((2000, 1, 1, 0, 0, 0, 0, 0)), 0)

    def test_mktime_is_the_inverse(self):
        for seconds in (951_782_400 - 946_684_800, 848_701_815, 1_000_000_000, 1_160_000_000):
            self.assertEqual(time.mktime(time.localtime(seconds)), seconds)

    def test_types(self):
        self.assertIsInstance(time.time(), int)
        self.assertEqual(len(time.localtime()), 8)
        self.assertTrue(abs(time.time_ns() // 1_000_000_000 - time.time()) <= 1)

    def test_ticks(self):
        start = time.ticks_ms()
        time.sleep_ms(20)
        self.assertTrue(18 <= time.ticks_diff(time.ticks_ms(), start) < 500)

    def test_ticks_wrap(self):
        last = (1 << 30) - 1
        self.assertEqual(time.ticks_add(last, 3), 2)
        self.assertEqual(time.ticks_diff(2, last), 3)
        self.assertEqual(time.ticks_diff(last, 2), -3)


unittest.main()
