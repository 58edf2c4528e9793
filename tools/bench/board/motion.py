"""Time and heap bytes of motion detection in a picture."""

import gc
from time import ticks_diff, ticks_us

from parts import arguments, say

from app.motion.detector import Detector
from proto.jpegdc import DCGrid

SETTINGS = {"motionlevel": 50, "motionarea": 3, "motionframes": 2, "motionmask": ""}


def main(picture, count):
    with open(picture, "rb") as file:
        view = memoryview(file.read())
    grid, detector = DCGrid(), Detector(SETTINGS)
    grid.decode(view)  # makes the tables
    detector.compare(grid.cells)
    gc.collect()
    before = gc.mem_alloc()
    decode = _us(lambda: grid.decode(view), count)
    compare = _us(lambda: detector.compare(grid.cells), count)
    say(decode=decode, compare=compare, bytes=(gc.mem_alloc() - before) / count)


def _us(work, count):
    """Return the microseconds of one of `count` rounds."""
    started = ticks_us()
    for _ in range(count):
        work()
    return ticks_diff(ticks_us(), started) / count


main(**arguments())
