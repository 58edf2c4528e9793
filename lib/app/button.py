"""The button: debounced, then gestures: a press, four presses, held for four seconds."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

_LOOK_MS = const(10)
_BOUNCE_MS = const(60)  # contacts bounce for 1..50 ms
_NEXT_MS = const(1_000)
_HOLD_MS = const(4_000)
_MANY = const(4)


class Button:
    """Calls `on_press` at once, `on_many` at the fourth press in a row, `on_hold` after 4 s.

    `level()` is true while the button is down. One that is down at the start is ignored until it
    is let go: a stuck button or a bad cable must not reset the camera.
    """

    def __init__(self, level, on_press, on_many, on_hold, log, hold_ms=_HOLD_MS):
        self._level = level
        self._on_press = on_press
        self._on_many = on_many
        self._on_hold = on_hold
        self._log = log
        self._hold_ms = hold_ms
        self._count = 0
        self._last = None
        self.stuck = False

    async def run(self):
        if self._level():
            self.stuck = True
            self._log.error("button", "down at the start: ignored until it is let go")
            await self._steady(False)
            self.stuck = False
        while True:
            await self._down()
            self._pressed(ticks_ms())
            await self._held(ticks_ms())

    async def _down(self):
        """Two looks in a row, so that a spark is no press."""
        while True:
            await asyncio.sleep_ms(_LOOK_MS)
            if self._level():
                await asyncio.sleep_ms(_LOOK_MS)
                if self._level():
                    return

    async def _steady(self, down):
        """Wait until the level has stayed `down` for longer than contacts bounce."""
        since = ticks_ms()
        while ticks_diff(ticks_ms(), since) < _BOUNCE_MS:
            await asyncio.sleep_ms(_LOOK_MS)
            if bool(self._level()) != down:
                since = ticks_ms()

    def _pressed(self, now):
        in_a_row = self._last is not None and 0 <= ticks_diff(now, self._last) < _NEXT_MS
        self._count = self._count + 1 if in_a_row else 1
        self._last = now
        self._on_press()
        if self._count == _MANY:
            self._count = 0
            self._on_many()

    async def _held(self, since):
        """Until it is let go for longer than a bounce; after `hold_ms` it is a hold."""
        up_since = None
        told = False
        while up_since is None or ticks_diff(ticks_ms(), up_since) < _BOUNCE_MS:
            await asyncio.sleep_ms(_LOOK_MS)
            if not self._level():
                up_since = ticks_ms() if up_since is None else up_since
                continue
            up_since = None
            if not told and ticks_diff(ticks_ms(), since) >= self._hold_ms:
                told = True
                self._on_hold()


class Hands:
    """One press switches the power, four open the access point; a hold is the restart's own."""

    def __init__(self, power, led, wifi, log):
        self._power = power
        self._led = led
        self._wifi = wifi
        self._log = log

    def press(self):
        self._power.toggle()
        self._led.show("press")

    def many(self):
        self._log.info("button", "four presses")
        self._wifi.setup()
