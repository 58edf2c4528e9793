"""Board's half of M3: pictures of mixed sizes, replies and telemetry, for ever in changing order.

A test runs it in the camera's loop, with `system`, `operations` and `seed`.
"""

import asyncio
import json
import random

_SIZES = 5_000, 400_000  # bytes of a picture
_LEASED = 4  # pictures that readers hold at a time
_KEPT = 30  # texts that stay for a while, as in the log and the outbox
_COMMANDS = "status", "status 2", "config", "log", "help", "camera"

random.seed(seed)  # noqa: F821 - of the test
picture = memoryview(bytearray(_SIZES[1]))
state = {"done": 0, "dropped": 0}


async def work(count):
    leased, kept = [], []
    while state["done"] < count:
        if random.random() < 0.5:
            _take_picture(leased)
        else:
            kept.append(await _text())
            if len(kept) > _KEPT:
                kept.pop(random.randrange(len(kept)))
        state["done"] += 1
        await asyncio.sleep_ms(0)
    for frame in leased:
        frame.leases -= 1


def _take_picture(leased):
    """Lease a picture of any size; sometimes all memory for pictures is freed, as when idle."""
    pool = system.frames.pool  # noqa: F821
    while len(leased) >= _LEASED or leased and random.random() < 0.3:
        leased.pop(random.randrange(len(leased))).leases -= 1
    if random.random() < 0.01:
        pool.drop_free()
    try:
        frame = pool.put(picture[: random.randrange(*_SIZES)], 0, False)
    except MemoryError:
        state["dropped"] += 1
        return
    frame.leases += 1
    leased.append(frame)


async def _text():
    if random.random() < 0.3:
        return json.dumps(system.status.figures())  # noqa: F821
    name, _, argument = random.choice(_COMMANDS).partition(" ")
    return (await system.commands.call(name, argument))[1]  # noqa: F821


asyncio.create_task(work(operations))  # noqa: F821
