"""Replacement for main.py: prints what the discovery message and /metrics take while sent."""

import asyncio
import gc
from time import ticks_diff, ticks_us

from app.http.pages import metrics
from app.mqtt import discovery
from app.system import System
from proto.mqtt import Pieces


class Meter:
    """The heap in use between the parts of a message, above that at its beginning."""

    def __init__(self):
        gc.collect()
        self._before = gc.mem_alloc()
        self.most = 0

    def note(self):
        gc.collect()
        self.most = max(self.most, gc.mem_alloc() - self._before)


async def announce(announcing, discovery, wanted):
    """Run Discovery._announce and print its time, then its memory."""
    started = ticks_us()
    await announcing(discovery, wanted)
    print("discovery us:", ticks_diff(ticks_us(), started))
    meter = Meter()

    def metered(size, count, piece):
        def noted(number):
            made = piece(number)
            meter.note()
            return made

        return Pieces(size, count, noted)

    plain, globals_of["Pieces"] = globals_of["Pieces"], metered
    await announcing(discovery, wanted)
    globals_of["Pieces"] = plain
    print("discovery bytes:", meter.most)


def text(making, page, is_open):
    """Yield the lines of /metrics; print the memory that they take."""
    meter = Meter()
    for line in making(page, is_open):
        meter.note()
        yield line
    print("metrics bytes:", meter.most)


announcing, making = discovery.Discovery._announce, metrics.Metrics._text
globals_of = discovery.__dict__
discovery.Discovery._announce = lambda self, wanted: announce(announcing, self, wanted)
metrics.Metrics._text = lambda self, is_open: text(making, self, is_open)


async def main():
    supervisor = System().start()
    await supervisor.run()


asyncio.run(main())
