"""Replacement for main.py: the firmware during an update; the caller sets MODE.

MODE "time" prints the milliseconds from the first block to the last, and to the end; "stall"
prints the delay of a 1 ms ticker.
"""

import array
import asyncio
import gc
import json
from time import ticks_diff, ticks_us

from app.system import System

gc.threshold(65_536)


async def time(updater):
    marks = []
    show = updater._show

    def record(text):
        if "100 %" in text:
            marks.append(ticks_us())
        show(text)

    updater._show = record
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
    system = System()
    asyncio.create_task({"time": time, "stall": stall}[MODE](system.updater))  # noqa: F821
    await system.start().run()


asyncio.run(main())
