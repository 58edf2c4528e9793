"""The pins: what the firmware drives, what the button does, and what the LED showed."""

import asyncio
import random
import time
from collections import deque

from errors import value_error

LED, POWER, BUTTON = 33, 4, 15
VALID = frozenset((*range(6), *range(12, 24), *range(25, 28), *range(32, 40)))
INPUT_ONLY = frozenset(range(34, 40))
_AT_REST = {LED: 1, BUTTON: 1}
_OUTPUT, _OPEN_DRAIN = 3, 7
_BOUNCES = 6
_LOOKS = 8  # of the firmware at a button, 10 ms apart, until it takes a level for settled
_LOOKS_S = 2  # without one it does not look at all
SIMPLE_GPIO = 256  # what the GPIO matrix calls a pin's own output register


class Pins:
    """Levels by pin number; a pin that is not driven shows what the board pulls it to."""

    def __init__(self):
        self._started = time.monotonic()
        self._looks = self._looked = 0  # of the firmware at the button: how often, when last
        self.led = deque(maxlen=100)
        self._listeners = []
        self._outside = {}
        self._sources = {}
        self._driven = {}
        self.reset()

    def reset(self):
        """Take every output away, as a reset of the chip does."""
        if self._driven.get(LED) == 0:
            self._note_led(1)
        self._driven = {}
        self._modes = {}
        self._pulls = {}
        self._routes = {}

    def drive_by(self, pin, source):
        """Something outside drives a pin: `source()` is its level."""
        self._sources[pin] = source

    def on_change(self, listener):
        """Call `listener(pin, level)` whenever the firmware drives a pin."""
        self._listeners.append(listener)

    def level(self, pin):
        if pin in self._driven:
            return self._driven[pin]
        if pin in self._sources:
            return self._sources[pin]()
        return self._outside.get(pin, _AT_REST.get(pin, int(self._pulls.get(pin) == 2)))

    # What the firmware does

    def look(self, pin):
        """Return the level of a pin to the firmware."""
        if pin == BUTTON:
            self._looks += 1
            self._looked = time.monotonic()
        return self.level(pin)

    def calls(self):
        return {"pin.init": self.init, "pin.route": self.route}

    def route(self, pin, signal=None):
        """Read or set which peripheral's output the GPIO matrix leads to a pin."""
        if signal is not None:
            self._routes[pin] = signal
        return self._routes.get(pin, SIMPLE_GPIO)

    def init(self, pin, mode=None, pull=None, value=None):
        """Configure a pin as `machine.Pin` does."""
        if pin not in VALID:
            raise value_error("invalid pin")
        driving = mode in (_OUTPUT, _OPEN_DRAIN)
        if driving and pin in INPUT_ONLY:
            raise value_error("pin can only be input")
        if pull is not None:
            self._pulls[pin] = pull
        if mode is not None:
            self._modes[pin] = mode
            if driving:
                self._routes[pin] = SIMPLE_GPIO
            else:
                self._driven.pop(pin, None)
        if driving and value is None and pin not in self._driven:
            value = 0
        if value is not None and self._modes.get(pin) in (_OUTPUT, _OPEN_DRAIN):
            self.drive(pin, value)

    def drive(self, pin, value):
        """Set the level of an output; an input ignores it as the chip's output register does."""
        if self._modes.get(pin) not in (_OUTPUT, _OPEN_DRAIN):
            return 0
        value = int(bool(value))
        before = self._driven.get(pin, _AT_REST.get(pin))
        self._driven[pin] = value
        if value != before:
            if pin == LED:
                self._note_led(value)
            for listener in self._listeners:
                listener(pin, value)
        return 0

    def _note_led(self, level):
        self.led.append([round(1000 * (time.monotonic() - self._started)), level])

    # What the laboratory does

    def controls(self):
        return {"pins": self.report, "press": self.press}

    def report(self):
        """Levels of the pins in use (LED and power always) and the LED's last 100 changes."""
        used = {LED, POWER, *self._modes}
        levels = {str(pin): self.level(pin) for pin in sorted(used)}
        return {"pins": levels, "led": list(self.led)}

    async def press(self, ms=80, times=1, gap_ms=120, bounce_ms=0):
        """Press and release the button; answers once the firmware has seen that it is up again.

        A press and a gap last longer where a busy PC keeps the firmware from looking.
        """
        for count in range(times):
            if count:
                await asyncio.sleep(gap_ms / 1000)
            await self._edge(0, bounce_ms)
            await self._seen(max(0, ms - bounce_ms) / 1000)
            await self._edge(1, bounce_ms)
            await self._seen(0)

    async def _seen(self, least_s):
        """Leave the button as it is for a time, and until the firmware has looked often enough."""
        enough = self._looks + _LOOKS
        await asyncio.sleep(least_s)
        while self._looks < enough and time.monotonic() - self._looked < _LOOKS_S:
            await asyncio.sleep(0.005)

    async def _edge(self, level, bounce_ms):
        """Reach a level as a bad contact does: some changes at random within the bounce time."""
        if bounce_ms:
            ends = sorted(random.random() for _ in range(_BOUNCES))
            for count, (start, end) in enumerate(zip([0, *ends], ends)):
                self._outside[BUTTON] = level if count % 2 == 0 else 1 - level
                await asyncio.sleep((end - start) * bounce_ms / 1000)
        self._outside[BUTTON] = level
