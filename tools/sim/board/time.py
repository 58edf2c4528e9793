"""Time as on the ESP32: the epoch is 2000, and the clock starts there after power-on.

Ticks wrap after 2**30, as on the chip. The event loop has ticks of its own (looptasks.py), because
its queue of tasks is built into the interpreter.
"""

import os

import utime
from utime import sleep, sleep_ms, sleep_us, ticks_cpu

_PERIOD = 1 << 30
_MASK = _PERIOD - 1
_HALF = _PERIOD >> 1
_add, _ms, _us = utime.ticks_add, utime.ticks_ms, utime.ticks_us
_shift_ms = utime.ticks_diff(int(os.getenv("SIM_UPTIME_MS")), _ms())
_EPOCH_2000 = 946_684_800
_page = open(os.getenv("SIM_CLOCK"), "rb", 0)
_offset = bytearray(8)


def ticks_ms():
    return _add(_ms(), _shift_ms) & _MASK


def ticks_us():
    return _us() & _MASK


def ticks_add(ticks, delta):
    if not -_HALF < delta < _HALF:
        raise OverflowError("ticks interval overflow")
    return ticks + delta & _MASK


def ticks_diff(end, start):
    return (end - start + _HALF & _MASK) - _HALF


def time_ns():
    """Return the nanoseconds since 2000: the PC's clock plus the runner's offset."""
    while True:  # another thread may have moved the file position
        _page.seek(0)
        if _page.readinto(_offset) == 8:
            break
    offset = int.from_bytes(_offset, "little")
    if offset >> 63:
        offset -= 1 << 64
    return utime.time_ns() + offset


def time():
    return time_ns() // 1_000_000_000


def gmtime(seconds=None):
    """Return (year, month, day, hour, minute, second, weekday (Monday is 0), day of year)."""
    if seconds is None:
        seconds = time()
    year, month, day, hour, minute, second, weekday, yearday = utime.gmtime(seconds + _EPOCH_2000)[
        :8
    ]
    return (year, month, day, hour, minute, second, weekday, yearday)


localtime = gmtime


def mktime(moment):
    """Return the seconds since 2000 of (year, month, day, hour, minute, second, ...)."""
    year, month, day, hour, minute, second = moment[:6]
    year += (month - 1) // 12
    month = (month - 1) % 12 + 1
    shifted = year - (month <= 2)  # years start in March, so the leap day is the last day
    days = shifted * 365 + shifted // 4 - shifted // 100 + shifted // 400
    days += (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return (days - 730_425) * 86_400 + hour * 3_600 + minute * 60 + second
