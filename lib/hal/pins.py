"""Digital pins, as on and off instead of levels."""

from machine import Pin


class Output:
    """An output; `active` is the level that means on."""

    def __init__(self, number, active=1, on=False):
        self._active = active
        self._pin = Pin(number, Pin.OUT, value=active if on else 1 - active)

    @property
    def on(self):
        return self._pin.value() == self._active

    def set(self, on):
        self._pin.value(self._active if on else 1 - self._active)


class Input:
    """An input with a pull-up; `down()` is true while it is connected to ground."""

    def __init__(self, number):
        self._pin = Pin(number, Pin.IN, Pin.PULL_UP)

    def down(self):
        return self._pin.value() == 0
