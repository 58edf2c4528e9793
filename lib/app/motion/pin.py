"""A motion sensor (PIR) at a pin."""

import asyncio

from micropython import const

from app.motion.motion import PIN
from proto.values import BadArgument

_POLL_MS = const(20)
_SETTLED = const(3)  # polls in a row, because a spark or radio noise is not motion


class PinWatcher:
    """Calls `note(PIN)` while the sensor at `motionpin` sees motion.

    `new_input(number, active)` makes an input; `on()` of it is true at the level `active`.
    """

    def __init__(self, new_input, settings, note):
        self._new_input = new_input
        self._settings = settings
        self._note = note
        self._input = None
        self._pin = ()  # number and level of that input
        self._count = 0

    async def run(self):
        while True:
            await asyncio.sleep_ms(_POLL_MS)
            if self._settings["motion"] & PIN and self._is_active():
                self._note(PIN)

    def _is_active(self):
        pin = self._settings["motionpin"], self._settings["motionpinlevel"]
        if pin != self._pin:
            self._pin, self._input, self._count = pin, self._new_input(*pin), 0
        self._count = self._count + 1 if self._input.on() else 0
        return self._count >= _SETTLED


def check_pin(number, usable, others):
    """Raise BadArgument unless a sensor can be at that pin; others: why they cannot."""
    if number not in usable:
        names = [str(each) for each in usable]
        wanted = "{} or {}".format(", ".join(names[:-1]), names[-1])
        why = dict(others).get(number, "is used by the board, or not on it")
        raise BadArgument("GPIO{} {}; use {}".format(number, why, wanted))
