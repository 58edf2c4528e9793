"""When to ask a driver for a picture that cannot tell whether it has one."""

from time import ticks_add, ticks_diff, ticks_ms

from machine import Pin, time_pulse_us
from micropython import const

from hal.sensor import NoFrame

_FIRST_MS = const(100)  # about one frame
_LEAST_MS, _MOST_MS = const(10), const(1_000)
_IN_TIME_MS = const(25)  # what copying a picture may take
_LOOK_MS = const(250)
_LOOKS = const(3)


class Pace:
    """The driver's capture() waits for a picture, for 4 s if need be, and all else with it.

    So it is asked once one should be there: the time from one to the next is learned from how
    long it made us wait. After it gave nothing it is asked again only when VSYNC shows that the
    sensor runs; as that is no proof of the contrary, after three looks it is asked all the same.
    What remains: a sensor that falls silent stops the loop once for 4 s, and then again with
    each fourth try; each other one for two frames at most.
    """

    def __init__(self, vsync, buffers):
        self._vsync = Pin(vsync)  # as the driver has set it up
        self._buffers = buffers
        self._looks = 0  # left before it is asked unseen
        self._due = 0
        self.restart()

    def restart(self):
        """Its buffers are empty, or the sensor's rate is another from now on."""
        self._pause_ms = _FIRST_MS
        self._odd = self._buffers + 1  # pictures that tell nothing about the rate
        self._due = ticks_add(ticks_ms(), _FIRST_MS)

    def ask(self, capture):
        """What capture() gives, None before there is something; NoFrame when it gives nothing."""
        if 0 < ticks_diff(self._due, ticks_ms()) <= self._pause_ms:
            return None
        if self._looks:
            self._look()
        asked = ticks_ms()
        picture = capture()
        now = ticks_ms()
        if not picture:
            self._looks = _LOOKS
            raise NoFrame("the driver gave no picture")
        self._looks = 0
        self._odd = max(0, self._odd - 1)
        waited_ms = ticks_diff(now, asked)
        if waited_ms > _IN_TIME_MS:
            self._slow_down(waited_ms)
        else:
            self._go_on(now)
        return picture

    def _look(self):
        """NoFrame unless VSYNC pulses."""
        look_us = 1_000 * max(_LOOK_MS, 2 * self._pause_ms)
        if time_pulse_us(self._vsync, 1, look_us) < 0:
            self._looks -= 1
            raise NoFrame("no VSYNC from the sensor")

    def _slow_down(self, waited_ms):
        """Too early; but now it is known when a picture came."""
        if not self._odd:
            self._pause_ms = min(self._pause_ms + waited_ms // 2, _MOST_MS)
        self._due = ticks_add(ticks_ms(), self._pause_ms)

    def _go_on(self, now):
        """In time: the next may come a little sooner; after a rest, one a buffer at once."""
        self._pause_ms = pause = max(self._pause_ms - self._pause_ms // 64 - 2, _LEAST_MS)
        rest = (self._buffers - 1) * pause
        if not 0 <= ticks_diff(self._due, ticks_add(now, -rest)) <= rest:
            self._due = ticks_add(now, -rest)
        self._due = ticks_add(self._due, pause)
