"""Time and heap bytes of the check of a picture of 100 KB."""

import gc
from time import ticks_diff, ticks_us

from parts import arguments, jpeg, say

from proto.jpeg import newest


def main(count, size=100_000):
    view = jpeg(size)
    assert len(newest(view)) == size
    gc.collect()
    before, started = gc.mem_alloc(), ticks_us()
    for _ in range(count):
        newest(view)
    passed = ticks_diff(ticks_us(), started)
    say(us=passed / count, bytes=(gc.mem_alloc() - before) / count)


main(**arguments())
