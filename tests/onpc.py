"""Lets CPython import modules of the firmware that read ticks or yield to a MicroPython loop."""

import asyncio
import binascii
import socket
import struct
import sys
import time
from pathlib import Path

_LIBRARIES = str(Path(__file__).resolve().parents[1] / "build" / "lib")


async def _sleep_ms(duration_ms):
    """Return at once: the coroutines run alone."""


def run(coroutine):
    """Run a coroutine that never waits; return its result."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits")


if _LIBRARIES not in sys.path:
    sys.path.append(_LIBRARIES)
for _module in (binascii, socket, struct, time):  # by their names in MicroPython, for umqtt
    sys.modules.setdefault("u" + _module.__name__, _module)
vars(asyncio).setdefault("sleep_ms", _sleep_ms)
for _name in ("ticks_ms", "ticks_add", "ticks_diff"):
    vars(time).setdefault(_name, lambda *_: 0)
