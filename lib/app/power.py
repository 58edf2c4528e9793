"""The power output (flash lamp or relay): switch, brightness, pulse, countdown, flash."""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from config import limits
from proto.values import BadArgument, number_between, switch

_POLL_MS = const(50)
_LAST_STATE = const(2)  # of `poweratreset`
_NAMES = ("off", "on")
_FULL = const(100)  # percent


class Power:
    """Switches the output; deadlines are in ticks, so that setting the clock moves none.

    The flash lights the lamp for a picture; it changes neither `on` nor any state.
    """

    def __init__(self, output, settings, log, minute_ms=60_000):
        self._output = output
        self._log = log
        self.on = False
        self._settings = settings
        self._minute_ms = minute_ms
        self._pulse_end = self._minute_end = self._flash_end = None
        self.minutes_left = 0
        self._dim_fault = ""  # why the lamp cannot be dimmed
        self.watchers = []  # called after each change of `on` or `minutes_left`
        at_reset = settings["poweratreset"]
        self._switch(settings["laststate"] if at_reset == _LAST_STATE else at_reset)

    def set(self, on):
        """Switch on or off; any change ends the countdown, and switching on starts the pulse."""
        self.minutes_left = 0
        self._minute_end = None
        self._switch(on)

    def resume(self, on):
        """Continue as before a sleep, which no pulse or countdown outlives."""
        if on != self.on:
            self._switch(on)
        self._pulse_end = None

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

    @property
    def is_full(self):
        """True while the output is on without a square wave."""
        return self._output.percent == _FULL

    def toggle(self):
        """Invert the output, as a press of the button does."""
        self.set(not self.on)

    def cmd_power(self, argument):
        """Switch or read the power output."""
        if argument:
            wanted = switch(argument)
            self.set(not self.on if wanted == 2 else bool(wanted))
        return _NAMES[self.on]

    def cmd_light(self, argument):
        """Do as `power`; 3..100, or 1%..100%, also sets the brightness and switches on."""
        is_percent = argument[-1:] == "%"
        if not is_percent:
            try:
                return self.cmd_power(argument)
            except BadArgument:  # then it is a brightness
                pass
        try:
            percent = number_between(argument[:-1].strip() if is_percent else argument, 0, _FULL)
        except BadArgument:
            raise BadArgument("off | on | toggle | 3..100, or 1%..100%") from None
        if percent:
            self._settings.put("lamplevel", percent)
        self.set(bool(percent))
        if self._dim_fault:
            raise BadArgument(self._dim_fault)
        return _NAMES[self.on]

    def flash(self, on):
        """Light the lamp for a picture, for a limited time, or end that."""
        self._flash_end = ticks_add(ticks_ms(), limits.FLASH_MS) if on else None
        self._light()

    @property
    def flashing(self):
        """True while the lamp is on for a picture alone."""
        return self._flash_end is not None and not self.on

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
            self._light()
            now = ticks_ms()
            if self._flash_end is not None and ticks_diff(now, self._flash_end) >= 0:
                self._log.error("power", "the flash was on for too long")
                self.flash(False)
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
        self.on = bool(on)
        self._light()
        tenths = self._settings["pulse"]
        self._pulse_end = ticks_add(ticks_ms(), 100 * tenths) if on and tenths else None
        self._remember()
        self._notify()

    def _light(self):
        """Set the output, whose brightness is a setting; without dimming it is fully on."""
        is_lit = self.on or self._flash_end is not None
        percent = self._settings["lamplevel"] if is_lit else 0
        if self._dim_fault and percent:
            percent = _FULL
        try:
            self._output.set(percent)
        except OSError as e:
            self._dim_fault = "no brightness but 100: {}".format(e)
            self._log.error("power", self._dim_fault)
            self._output.set(_FULL)

    def _notify(self):
        for call in self.watchers:
            call()

    def _remember(self):
        """Save the state for the next start if `poweratreset`, which may change, requires it."""
        settings = self._settings
        if settings["poweratreset"] == _LAST_STATE and settings["laststate"] != self.on:
            settings.keep("laststate", int(self.on))
