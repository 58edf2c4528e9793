"""Timing of capture() for a driver that does not report whether it has a picture."""

from time import ticks_add, ticks_diff, ticks_ms

from machine import Pin, time_pulse_us
from micropython import const

from hal.sensor import NoFrame

_FIRST_MS = const(100)  # about one frame
_LEAST_MS, _MOST_MS = const(10), const(1_000)
_IN_TIME_MS = const(25)  # that copying a picture may take
_PULSE_MS = const(250)
_CHECKS = const(3)


class Pace:
    """Polls a capture() that blocks, for up to 4 s, until there is a picture.

    It is called only when a picture is due; the frame period is learned from how long calls block.
    After a call without a picture it is called again only when VSYNC shows that the sensor runs.
    A missing VSYNC proves nothing, so after three checks it is called anyway. Known limit: a
    sensor that falls silent blocks the loop once for 4 s, then again at every fourth attempt;
    other calls block for two frames at most.
    """

    def __init__(self, vsync, buffers):
        self._vsync = Pin(vsync)  # as the driver has set it up
        self._buffers = buffers
        self._checks = 0  # of VSYNC that are left until the next call without one
        self._due = 0
        self.restart()

    def restart(self):
        """Forget the period: the buffers are empty, or the sensor's rate has changed."""
        self._pause_ms = _FIRST_MS
        self._unpaced = self._buffers + 1  # pictures to come that say nothing about the rate
        self._due = ticks_add(ticks_ms(), _FIRST_MS)

    def poll(self, capture):
        """Return the result of capture(), or None while none is due; raises NoFrame."""
        if 0 < ticks_diff(self._due, ticks_ms()) <= self._pause_ms:
            return None
        if self._checks:
            self._check_vsync()
        started = ticks_ms()
        picture = capture()
        now = ticks_ms()
        if not picture:
            self._checks = _CHECKS
            raise NoFrame("the driver returned no picture")
        self._checks = 0
        self._unpaced = max(0, self._unpaced - 1)
        blocked_ms = ticks_diff(now, started)
        if blocked_ms > _IN_TIME_MS:
            self._slow_down(blocked_ms)
        else:
            self._speed_up(now)
        return picture

    def _check_vsync(self):
        """Raise NoFrame unless VSYNC pulses."""
        limit_us = 1_000 * max(_PULSE_MS, 2 * self._pause_ms)
        if time_pulse_us(self._vsync, 1, limit_us) < 0:
            self._checks -= 1
            raise NoFrame("no VSYNC from the sensor")

    def _slow_down(self, blocked_ms):
        """Lengthen the pause after an early call, which shows when a picture came."""
        if not self._unpaced:
            self._pause_ms = min(self._pause_ms + blocked_ms // 2, _MOST_MS)
        self._due = ticks_add(ticks_ms(), self._pause_ms)

    def _speed_up(self, now):
        """Shorten the pause after a call in time; after a rest, one picture per buffer is due."""
        self._pause_ms = pause = max(self._pause_ms - self._pause_ms // 64 - 2, _LEAST_MS)
        rest = (self._buffers - 1) * pause
        if not 0 <= ticks_diff(self._due, ticks_add(now, -rest)) <= rest:
            self._due = ticks_add(now, -rest)
        self._due = ticks_add(self._due, pause)
