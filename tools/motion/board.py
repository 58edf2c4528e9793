"""Decode and compare pictures with the firmware's code, in MicroPython; `roc.py` starts it.

    micropython board.py LEVEL/AREA ...

Standard input has the number of sequences, then their JPEGs, each after its length in four bytes;
a length of 0 ends a sequence. For each one, a line lists the numbers of the pictures with motion,
for each `motionlevel` and `motionarea`.
"""

import struct
import sys

from app.motion.detector import Detector
from proto.jpegdc import DCGrid

FRAMES = 2  # the default of `motionframes`


def _pictures():
    """Yield the pictures of a sequence."""
    while True:
        (size,) = struct.unpack("<I", sys.stdin.buffer.read(4))
        if not size:
            return
        yield sys.stdin.buffer.read(size)


def _settings(text):
    level, area = text.split("/")
    found = {"motionlevel": int(level), "motionarea": int(area)}
    return dict(found, motionframes=FRAMES, motionmask="")


def main():
    """Read the number of sequences, then each of them."""
    settings = [_settings(each) for each in sys.argv[1:]]
    grid = DCGrid()
    (count,) = struct.unpack("<I", sys.stdin.buffer.read(4))
    for _ in range(count):
        detectors = [Detector(each) for each in settings]
        seen = [[] for _ in settings]
        for number, picture in enumerate(_pictures()):
            grid.decode(picture)
            for n, detector in enumerate(detectors):
                if detector.compare(grid.cells):
                    seen[n].append(number)
        print(seen)


main()
