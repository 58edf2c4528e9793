"""Frame numbers of the simulated sensor, which never pauses, and the buffers of LATEST mode."""

import math
import time


class FrameClock:
    """Numbers the frame periods since the start of the simulation."""

    def __init__(self):
        self._zero = time.monotonic()
        self.period_s = None

    def set_period(self, period_s):
        """Change the frame period; the numbers continue."""
        if self.period_s not in (None, period_s):
            now = time.monotonic()
            self._zero = now - (now - self._zero) / self.period_s * period_s
        self.period_s = period_s

    def start(self, number):
        """Return when a frame starts."""
        return self._zero + number * self.period_s

    def end(self, number):
        return self.start(number + 1)

    def number_at(self, at):
        """Return the number of the first frame that starts at a time or later."""
        return math.ceil((at - self._zero) / self.period_s)


class LatestMode:
    """Numbers of the pictures in the two buffers of GrabMode.LATEST.

    As long as the firmware holds no buffer, the newest picture replaces the one before. While it
    holds one, the other buffer takes a single picture, and then the driver waits.
    """

    def __init__(self, clock):
        self._clock = clock
        self._kept = None  # number of a picture that has waited for the firmware
        self._freed_at = self._taken_at = 0
        self._taken = -1

    def take(self, number):
        """Note that the firmware has taken a picture, and holds its buffer."""
        self._taken = number
        self._taken_at = time.monotonic()

    def free(self, last):
        """Note that the firmware frees its buffer; return True if the driver waited for it.

        `last` is the number of the last picture that was begun.
        """
        is_drawn = last > self._taken  # or being drawn
        other = last if is_drawn else self.other(last)
        now = time.monotonic()
        if self._clock.end(other) >= now:
            return False
        self._freed_at = now
        self._kept = None if is_drawn else other
        return True

    def other(self, last):
        """Return the number of the picture that the other buffer takes while one is held."""
        under_way = self._clock.number_at(self._taken_at) - 1
        return max(under_way, self._clock.number_at(self._freed_at), last + 1)

    def next(self, last):
        """Return the number of the next picture while no buffer is held."""
        if self._kept is not None:
            number, self._kept = self._kept, None
            return number
        newest = self._clock.number_at(time.monotonic()) - 2
        return max(newest, self._clock.number_at(self._freed_at), last + 1)
