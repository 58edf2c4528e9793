"""The button: debounced contacts, and the gestures: a press, four presses, a hold."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

_POLL_MS = const(10)
_BOUNCE_MS = const(60)  # contacts bounce for 1..50 ms
_NEXT_MS = const(1_000)
_HOLD_MS = const(4_000)
_MANY = const(4)


class Button:
    """Calls `actions.press()` at once, `many()` at the fourth in a row, `hold()` after 4 s.

    `is_down()` reads the contacts. A button that is down at the start is ignored until it is
    released: a stuck button or a bad cable must not reset the camera.
    """

    def __init__(self, is_down, actions, log, hold_ms=_HOLD_MS):
        self._is_down = is_down
        self._actions = actions
        self._log = log
        self._hold_ms = hold_ms
        self._count = 0
        self._pressed_at = None

    async def run(self):
        if self._is_down():
            self._log.error("button", "down at the start: ignored until it is released")
            await self._released()
        while True:
            await self._down()
            self._press(ticks_ms())
            await self._up(ticks_ms())

    async def _released(self):
        """Wait until the contacts have been open for longer than they bounce."""
        since = ticks_ms()
        while ticks_diff(ticks_ms(), since) < _BOUNCE_MS:
            await asyncio.sleep_ms(_POLL_MS)
            if self._is_down():
                since = ticks_ms()

    async def _down(self):
        """Wait until two polls in a row find the button down, so that a spark is no press."""
        while True:
            await asyncio.sleep_ms(_POLL_MS)
            if self._is_down():
                await asyncio.sleep_ms(_POLL_MS)
                if self._is_down():
                    return

    def _press(self, now):
        last, self._pressed_at = self._pressed_at, now
        in_a_row = last is not None and 0 <= ticks_diff(now, last) < _NEXT_MS
        self._count = self._count + 1 if in_a_row else 1
        self._actions.press()
        if self._count == _MANY:
            self._count = 0
            self._actions.many()

    async def _up(self, since):
        """Wait until the button is up for longer than a bounce; after `hold_ms` it is a hold."""
        up_since = None
        held = False
        while up_since is None or ticks_diff(ticks_ms(), up_since) < _BOUNCE_MS:
            await asyncio.sleep_ms(_POLL_MS)
            if not self._is_down():
                up_since = ticks_ms() if up_since is None else up_since
                continue
            up_since = None
            if not held and ticks_diff(ticks_ms(), since) >= self._hold_ms:
                held = True
                self._actions.hold()


class ButtonActions:
    """A press toggles power or privacy, four open the access point, a hold erases the settings.

    `notify(name, kind)` publishes an event for hubs. `privacy` is set by the composition root.
    """

    def __init__(self, power, led, wifi, restart, log, notify):
        self._power = power
        self._led = led
        self._wifi = wifi
        self._restart = restart
        self._log = log
        self._notify = notify
        self.privacy = None
        self.presses = 0

    def press(self):
        self.presses += 1
        self._notify("button", "press")
        if self.privacy and self.privacy.has_button:
            self.privacy.toggle()
        else:
            self._power.toggle()
        self._led.show("press")

    def many(self):
        self._log.info("button", "four presses")
        self._notify("button", "four_presses")
        self._wifi.setup()

    def hold(self):
        self._restart.erase()
