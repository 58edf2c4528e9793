"""Digital pins, as on and off instead of levels, and a lamp that can be dimmed."""

from machine import Pin
from micropython import const

from hal import wave

_DIVIDER, _PERIOD = const(8), const(1_000)  # 10 kHz: no bands in pictures, no visible flicker


class Output:
    """An output; `active` is the level that means on. It ends a hold by hal.sleep."""

    def __init__(self, number, active=1, on=False):
        self._active = active
        self._pin = Pin(number, Pin.OUT, value=active if on else 1 - active, hold=False)

    @property
    def on(self):
        return self._pin.value() == self._active

    def set(self, on):
        self._pin.value(self._active if on else 1 - self._active)


class Input:
    """An input; `on()` is true at the level `active`, the opposite of the pull resistor's."""

    def __init__(self, number, active=0):
        self._active = active
        self._pin = Pin(number, Pin.IN, Pin.PULL_DOWN if active else Pin.PULL_UP)

    def on(self):
        return self._pin.value() == self._active


class Dimmer:
    """An output for a lamp, active high; `percent` is its brightness, 0 is off."""

    def __init__(self, number):
        self._number = number
        self._pin = Pin(number, Pin.OUT, value=0)
        self._wave = wave.Wave(wave.LAMP, self._pin, _DIVIDER)
        self.percent = 0

    def set(self, percent):
        """Set the brightness; raises OSError for 1..99, and is off, if the firmware cannot dim.

        At 0 and 100 the level is steady, as a relay requires.
        """
        if percent == self.percent:
            return
        self._wave.stop()
        self._pin.init(Pin.OUT, value=percent // 100)
        self.percent = percent // 100 * 100
        if 0 < percent < 100:
            high = _PERIOD * percent // 100
            self._wave.start(high, _PERIOD - high)
            self.percent = percent
