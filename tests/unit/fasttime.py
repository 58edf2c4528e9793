"""Simulated time that skips the waits of a test, even hours.

Import it before the firmware because it replaces `time` and the event loop's clock. When no task
is due and no socket is ready, it advances the clock instead of waiting. The firmware's ticks wrap
after 2**30 ms, as on the ESP32; those of the loop do not.
"""

import asyncio
import sys
import time as _real
from asyncio import core

import utime

_PERIOD = 1 << 30
_STEP_MS = 1_000  # takes 1 ms of real time while sockets are open, so that packets arrive


class _Time:
    skipped_ms = 0
    owed_ms = 0
    ticks_offset = 0  # shifts the point where the firmware's ticks wrap
    clock_offset_s = 0  # shifts the wall clock

    def __getattr__(self, name):
        return getattr(_real, name)

    def now_ms(self):
        return utime.ticks_ms() + self.skipped_ms  # as the event loop: its tasks keep their times

    def ticks_ms(self):
        return (self.now_ms() + self.ticks_offset) % _PERIOD

    def ticks_add(self, ticks, delta):
        return (ticks + delta) % _PERIOD

    def ticks_diff(self, a, b):
        return (a - b + _PERIOD // 2) % _PERIOD - _PERIOD // 2

    def time_ns(self):
        return 1_000_000_000 * self.time() + 250_000_000

    def time(self):
        return int(_real.time()) + self.skipped_ms // 1_000 + self.clock_offset_s

    def wrap_soon(self, ms):
        """Make the firmware's ticks wrap in `ms` milliseconds."""
        self.ticks_offset = -(self.now_ms() + ms) % _PERIOD


clock = _Time()


def _wait(queue, dt):
    if dt > 0:
        step = min(dt, _STEP_MS) if queue.map else dt
        clock.owed_ms = clock.owed_ms + step if queue.map else 0
        if not queue.poller.poll(clock.owed_ms // _STEP_MS):
            clock.owed_ms %= _STEP_MS
            clock.skipped_ms += step
            return
        dt = 0
    _wait_io(queue, dt)


_wait_io = core.IOQueue.wait_io_event
core.IOQueue.wait_io_event = _wait
core.ticks = asyncio.ticks = clock.now_ms
time, time_ns, ticks_ms, ticks_add, ticks_diff = (
    clock.time,
    clock.time_ns,
    clock.ticks_ms,
    clock.ticks_add,
    clock.ticks_diff,
)
for _name in dir(_real):
    if _name not in globals():
        globals()[_name] = getattr(_real, _name)
sys.modules["time"] = sys.modules[__name__]
