"""Privacy: while it is on, the sensor has no power, and no picture leaves the camera."""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from config import limits

_POLL_MS = const(20)
_PRIVACY = const(1)  # of `buttonmode`


class Privacy:
    """Puts the setting `privacy` in force, at the start and after each change.

    outlets: what sends pictures, each with drop_pictures(). `is_sending()` is True while one of
    them still does. `reconnect(reason)` closes the link to the broker.
    """

    reason = "privacy is on"

    def __init__(
        self, settings, frames, outlets, is_sending, reconnect, log, limit_ms=limits.PRIVACY_MS
    ):
        self._settings = settings
        self._frames = frames
        self._outlets = outlets
        self._is_sending = is_sending
        self._reconnect = reconnect
        self._log = log
        self._limit_ms = limit_ms
        self.follow()

    @property
    def on(self):
        return bool(self._settings["privacy"])

    @property
    def has_button(self):
        """True if a press of the button switches privacy, not the power output."""
        return self._settings["buttonmode"] == _PRIVACY

    def toggle(self):
        self._settings.put("privacy", int(not self.on))

    def follow(self):
        """Put the setting in force."""
        if self.on == bool(self._frames.withheld):
            return
        self._frames.withhold(self.reason if self.on else "")
        if self.on:
            for outlet in self._outlets:
                outlet.drop_pictures()
        self._log.info("privacy", "on: the sensor has no power" if self.on else "off")

    async def settle(self):
        """Return once no picture is on its way; a slow broker loses its link for that."""
        limit = ticks_add(ticks_ms(), self._limit_ms)
        while self.on and self._is_sending():
            if ticks_diff(limit, ticks_ms()) < 0:
                self._reconnect(self.reason)
                return
            await asyncio.sleep_ms(_POLL_MS)
