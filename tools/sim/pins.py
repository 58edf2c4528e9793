"""GPIO pins, with the button and the LED."""

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
_SETTLE_READS = 8  # reads of the button, 10 ms apart, after which the firmware accepts a level
_UNREAD_S = 2  # without a read for this time, the firmware does not use the button
SIMPLE_GPIO = 256  # signal of the pin's own output register in the GPIO matrix


class Pins:
    """Levels by pin number; a pin that is not driven has the level of its pull resistor."""

    def __init__(self):
        self._started = time.monotonic()
        self._reads = self._last_read = 0  # reads of the button: count, time of the last
        self._longest_s = 0  # between two of them, since the last report of it
        self._tasks = 0  # of the firmware's loop, at the last read
        self.starved_s = lambda: 0  # how long the board has waited for the PC's cores
        self.led = deque(maxlen=100)
        self.lamp = deque(maxlen=100)
        self._listeners = []
        self._outside = {}
        self._sources = {}
        self._driven = {}
        self._held = {}  # pin -> level at its pad, whatever the firmware drives
        self.reset()

    def power_on(self):
        """Forget the held levels, like the chip without power."""
        self._held = {}

    def reset(self):
        """Disable all outputs but the held ones, like a reset of the chip."""
        self._last_read = 0
        if self._driven.get(LED) == 0 and LED not in self._held:
            self._note(self.led, 1)
        self._driven = {}
        self._modes = {}
        self._pulls = {}
        self._routes = {}
        self._waves = {}

    def drive_by(self, pin, source):
        """Drive a pin from outside; `source()` returns its level."""
        self._sources[pin] = source

    def on_change(self, listener):
        """Call `listener(pin, level)` when the firmware changes the level of a pin."""
        self._listeners.append(listener)

    def level(self, pin):
        if pin in self._held:
            return self._held[pin]
        return self._unheld(pin)

    def _unheld(self, pin):
        if pin in self._driven:
            return self._driven[pin]
        if pin in self._sources:
            return self._sources[pin]()
        return self._outside.get(pin, _AT_REST.get(pin, int(self._pulls.get(pin) == 2)))

    # Calls from the firmware

    def read(self, pin, tasks=0):
        """Return the level of a pin to the firmware; count reads of the button.

        tasks: how many the firmware's loop has.
        """
        self._tasks = tasks
        if pin == BUTTON:
            now = self._now()
            if self._last_read:
                self._longest_s = max(self._longest_s, now - self._last_read)
            self._reads += 1
            self._last_read = now
        return self.level(pin)

    def _now(self):
        return time.monotonic() - self.starved_s()

    def calls(self):
        return {"pin.init": self.init, "pin.route": self.route, "pin.wave": self.set_wave}

    def set_wave(self, pin, tick_hz=0, high=0, low=0):
        """Put a square wave on a pin, or end it."""
        self._waves.pop(pin, None)
        if tick_hz:
            self._waves[pin] = (tick_hz // (high + low), 100 * high // (high + low))

    def wave(self, pin):
        """Return (Hz, percent high) of the wave on a pin; None if it has none."""
        return self._waves.get(pin) if self.route(pin) != SIMPLE_GPIO else None

    def route(self, pin, signal=None):
        """Return the output signal that the GPIO matrix routes to a pin; set it if given."""
        if signal is not None:
            self._routes[pin] = signal
        return self._routes.get(pin, SIMPLE_GPIO)

    def init(self, pin, mode=None, pull=None, value=None, hold=None):
        """Configure a pin like `machine.Pin`; raise ValueError if it cannot do that."""
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
        if hold is not None and pin not in INPUT_ONLY:
            self._hold_level(pin, hold)

    def _hold_level(self, pin, hold):
        """Keep the level of a pad, also over a reset or a sleep (gpio_hold_en), or end that."""
        before = self.level(pin)
        self._held.pop(pin, None)
        if hold:
            self._held[pin] = before
        elif self.level(pin) != before:
            self._tell(pin, self.level(pin))

    def drive(self, pin, value):
        """Set the level of an output; ignored for an input, as on the chip."""
        if self._modes.get(pin) not in (_OUTPUT, _OPEN_DRAIN):
            return 0
        value = int(bool(value))
        before = self._driven.get(pin, _AT_REST.get(pin))
        self._driven[pin] = value
        if value != before and pin not in self._held:
            self._tell(pin, value)
        return 0

    def _tell(self, pin, value):
        if pin == LED:
            self._note(self.led, value)
        elif pin == POWER:
            self._note(self.lamp, value)
        for listener in self._listeners:
            listener(pin, value)

    def _note(self, changes, level):
        changes.append([round(1000 * (time.monotonic() - self._started)), level])

    # Control requests

    def controls(self):
        return {
            "pins": self.report,
            "press": self.press,
            "drive": self.set_outside,
            "pause": self.longest_pause,
            "tasks": self.count_tasks,
        }

    def report(self):
        """Return levels of the pins in use, waves, the last 100 [ms, level] of LED and lamp."""
        used = {LED, POWER, *self._modes, *self._held}
        levels = {str(pin): self.level(pin) for pin in sorted(used)}
        waves = {str(pin): self.wave(pin) for pin in self._waves if self.wave(pin)}
        return {"pins": levels, "waves": waves, "led": list(self.led), "lamp": list(self.lamp)}

    def set_outside(self, pin, level=None):
        """Let what is connected to a pin drive it; None: nothing is."""
        if level is None:
            self._outside.pop(pin, None)
        else:
            self._outside[pin] = level

    def longest_pause(self):
        """Return the longest pause of the firmware's loop since the last such request.

        The loop reads the button every 10 ms. The waits for a core of the PC do not count.
        """
        longest_ms, self._longest_s = round(1000 * self._longest_s), 0
        return {"ms": longest_ms}

    async def count_tasks(self):
        """Return the number of tasks in the firmware's loop, once it has read the button."""
        await self._read(1)
        return {"count": self._tasks}

    async def press(self, ms=80, times=1, gap_ms=120, bounce_ms=0):
        """Press and release the button; return once the firmware has read the release.

        Presses and gaps are extended if a busy PC delays the firmware's reads.
        """
        for count in range(times):
            if count:
                await asyncio.sleep(gap_ms / 1000)
            await self._edge(0, bounce_ms)
            await self._hold(max(0, ms - bounce_ms) / 1000)
            await self._edge(1, bounce_ms)
            await self._hold(0)

    async def _hold(self, min_s):
        """Hold the button for at least `min_s`, and until the firmware accepts its level."""
        settled = self._reads + _SETTLE_READS
        await asyncio.sleep(min_s)
        await self._read(settled - self._reads)

    async def _read(self, times):
        """Wait until the firmware has read the button so often, unless it does not use it."""
        target = self._reads + times
        while self._reads < target and self._now() - self._last_read < _UNREAD_S:
            await asyncio.sleep(0.005)

    async def _edge(self, level, bounce_ms):
        """Change the level, with random bounces for `bounce_ms`."""
        if bounce_ms:
            ends = sorted(random.random() for _ in range(_BOUNCES))
            for count, (start, end) in enumerate(zip([0, *ends], ends)):
                self._outside[BUTTON] = level if count % 2 == 0 else 1 - level
                await asyncio.sleep((end - start) * bounce_ms / 1000)
        self._outside[BUTTON] = level
