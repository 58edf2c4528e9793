"""The power output (flash lamp or relay): switch, pulse, countdown."""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from config import limits
from proto.values import number_between, switch

_POLL_MS = const(50)
_LAST_STATE = const(2)  # of `poweratreset`
_NAMES = ("off", "on")


class Power:
    """Switches the output; deadlines are in ticks, so that setting the clock moves none."""

    def __init__(self, output, settings, minute_ms=60_000):
        self._output = output
        self._settings = settings
        self._minute_ms = minute_ms
        self._pulse_end = self._minute_end = None
        self.minutes_left = 0
        self.watchers = []  # called after each change of `on` or `minutes_left`
        at_reset = settings["poweratreset"]
        self._switch(settings["laststate"] if at_reset == _LAST_STATE else at_reset)

    @property
    def on(self):
        return self._output.on

    def set(self, on):
        """Switch on or off; any change ends the countdown, and switching on starts the pulse."""
        self.minutes_left = 0
        self._minute_end = None
        self._switch(on)

    @property
    def off_in_s(self):
        """Seconds until the countdown or the pulse switches the output off; None if none runs."""
        if self._minute_end is not None:
            more_ms = (self.minutes_left - 1) * self._minute_ms
            left_ms = more_ms + ticks_diff(self._minute_end, ticks_ms())
        elif self._pulse_end is not None:
            left_ms = ticks_diff(self._pulse_end, ticks_ms())
        else:
            return None
        return max(0, (left_ms + 999) // 1_000)

    def toggle(self):
        """Invert the output, as a press of the button does."""
        self.set(not self.on)

    def cmd_power(self, argument):
        """Switch or read the power output."""
        if argument:
            wanted = switch(argument)
            self.set(not self.on if wanted == 2 else bool(wanted))
        return _NAMES[self.on]

    cmd_light = cmd_power

    def cmd_timer(self, argument):
        """Start, extend or read the countdown."""
        if argument:
            minutes = number_between(argument[argument[0] == "+" :], 1, limits.TIMER_MINUTES)
            if argument[0] == "+":
                minutes = min(self.minutes_left + minutes, limits.TIMER_MINUTES)
            self.set(True)
            self._pulse_end = None
            self.minutes_left = minutes
            self._minute_end = ticks_add(ticks_ms(), self._minute_ms)
        return str(self.minutes_left)

    async def run(self):
        while True:
            await asyncio.sleep_ms(_POLL_MS)
            self._remember()
            now = ticks_ms()
            if self._pulse_end is not None and ticks_diff(now, self._pulse_end) >= 0:
                self.set(False)
            if self._minute_end is not None and ticks_diff(now, self._minute_end) >= 0:
                self._count_down()

    def _count_down(self):
        self._minute_end = ticks_add(self._minute_end, self._minute_ms)
        self.minutes_left -= 1
        if not self.minutes_left:
            self.set(False)
        else:
            self._notify()

    def _switch(self, on):
        self._output.set(on)
        tenths = self._settings["pulse"]
        self._pulse_end = ticks_add(ticks_ms(), 100 * tenths) if on and tenths else None
        self._remember()
        self._notify()

    def _notify(self):
        for call in self.watchers:
            call()

    def _remember(self):
        """Save the state for the next start if `poweratreset`, which may change, requires it."""
        settings = self._settings
        if settings["poweratreset"] == _LAST_STATE and settings["laststate"] != self.on:
            settings.keep("laststate", int(self.on))
