"""Deep sleep: how long it lasts, and what ends it."""

import asyncio
import time

TIMER_WAKE, EXT0_WAKE = 4, 2  # as in `machine`
_POLL_S = 0.01
_CAUSES = {"timer": TIMER_WAKE, "pin": EXT0_WAKE}


class Sleep:
    """Ends by the timer, by a pin (ext0), or by the control request `wake`."""

    def __init__(self, pins, clock):
        self._pins = pins
        self._clock = clock
        self._ends = None  # time.monotonic() at which the timer fires; None: never
        self._pin = None  # (number, level) that wakes the chip
        self._woken = None  # future of the cause while the chip is asleep
        self.reason = 0  # of the last wake; 0: the chip has started otherwise

    @property
    def asleep(self):
        return self._woken is not None

    async def last(self):
        """Return once the sleep has ended."""
        self._woken = asyncio.get_running_loop().create_future()
        try:
            while not self._woken.done():
                self._check()
                await asyncio.wait([self._woken], timeout=_POLL_S)
            self.reason = self._woken.result()
        finally:
            self._woken = self._pin = self._ends = None

    def _check(self):
        if self._pin and self._pins.level(self._pin[0]) == self._pin[1]:
            self._end(EXT0_WAKE)
        elif self._ends is not None and time.monotonic() >= self._ends:
            self._end(TIMER_WAKE)

    def _end(self, reason):
        if self._woken and not self._woken.done():
            self._woken.set_result(reason)

    def interrupt(self):
        """End the sleep because of a reset or a power cut."""
        self._end(0)

    def begin(self, ms):
        """Set the timer of the sleep that follows; 0: none."""
        self._ends = time.monotonic() + ms / 1_000 if ms else None

    # Calls from the firmware

    def calls(self):
        return {"sleep.wake_on": self.wake_on}

    def wake_on(self, pin, level):
        """Let a level of a pin end the next sleep; pin None: no longer."""
        self._pin = None if pin is None else (pin, level)

    # Control requests

    def controls(self):
        return {"sleep": self.report, "wake": self.wake}

    def report(self):
        """Return whether the chip is asleep, the seconds left, and the pin that wakes it."""
        left = self._ends and self.asleep and max(0, self._ends - time.monotonic())
        return {"asleep": self.asleep, "left_s": left and round(left, 1), "pin": self._pin}

    def wake(self, cause="timer"):
        """End the sleep now; the board's clock advances by what was left of it."""
        if not self.asleep:
            raise ValueError("the board is not asleep")
        if cause not in _CAUSES:
            raise ValueError("cause must be " + " or ".join(_CAUSES))
        if cause == "timer" and self._ends is not None:
            self._clock.advance(max(0, self._ends - time.monotonic()))
        self._end(_CAUSES[cause])
