"""Instead of main.py, behind a line that sets MODE: the firmware, and what an update does to it.

MODE heap: the most bytes in use meanwhile, over what was in use before. MODE time: milliseconds
from the first block to the last, and to the end. MODE stall: how late a 1 ms ticker came.
"""

import array
import asyncio
import builtins
import gc
import json
from time import ticks_diff, ticks_us

from aio.late import once

gc.threshold(65_536)


def clear(depth):
    """Overwrite what is left in the stack's free part: the collector takes it for references."""
    a = b = c = d = e = f = None
    return clear(depth - 1) if depth else (a, b, c, d, e, f)


def used():
    clear(12)
    gc.collect()
    return gc.mem_alloc()


async def heap(updater):
    """Looked at between the steps, and in each step whenever something is imported."""
    most = 0

    def load(*args):
        nonlocal most
        clear(12)
        module = imported(*args)
        most = max(most, used())
        return module

    while not updater.job:
        idle = used()
        await asyncio.sleep_ms(5)
    imported, builtins.__import__ = builtins.__import__, load
    while updater.state != "installed":
        most = max(most, used())
        await asyncio.sleep_ms(1)
    print("bench: " + json.dumps({"heap": most - idle}))


async def time(updater):
    marks = []
    say = updater.say

    def heard(text):
        if "100 %" in text:
            marks.append(ticks_us())
        say(text)

    updater.say = heard
    while updater.state != "writing":
        await asyncio.sleep_ms(1)
    start = ticks_us()
    while updater.state != "installed":
        await asyncio.sleep_ms(20)
    found = {"write": ticks_diff(marks[0], start) / 1_000}
    found["all"] = ticks_diff(ticks_us(), start) / 1_000
    print("bench: " + json.dumps(found))


async def stall(updater):
    late = array.array("i", bytes(4 * 20_000))
    while not updater.job:
        await asyncio.sleep_ms(1)
    count, last = 0, ticks_us()
    while updater.state != "installed" and count < len(late):
        await asyncio.sleep_ms(1)
        now = ticks_us()
        late[count] = ticks_diff(now, last) - 1_000
        last = now
        count += 1
    late = sorted(late[:count])
    print("bench: " + json.dumps({"p999": late[(count - 1) * 999 // 1_000] / 1_000}))


async def main():
    system = once("app.system").System()
    asyncio.create_task({"heap": heap, "time": time, "stall": stall}[MODE](system.updater))  # noqa: F821
    await system.start().run()


asyncio.run(main())
