"""Flash as the interpreter reads it: the runner's file, without a request to the runner.

A read moves the position of the counter, a descriptor that the runner shares, and takes time,
unless the runner is fast.
"""

from utime import sleep_us, ticks_diff, ticks_us

_READ = 128  # bytes; littlefs reads 32 to 128 at once, larger reads take longer
_LEAST_US = 1_000  # a shorter sleep takes the PC longer than it lasts


class FlashReader:
    """Reads without the heap, like the chip; `read_us` is the time of one read."""

    def __init__(self, path, counter, read_us):
        self._file = open(path, "rb", 0)
        self._counter = open(counter, "rb", 0)
        self._read_us = read_us
        self._owed_us = 0

    def read(self, at, buffer):
        """Fill the buffer from a flash address."""
        self._file.seek(at)
        self._file.readinto(buffer)
        self._counter.seek(1, 1)
        if self._read_us:
            self._wait((len(buffer) + _READ - 1) // _READ * self._read_us)

    def _wait(self, duration_us):
        self._owed_us += duration_us
        if self._owed_us >= _LEAST_US:
            start = ticks_us()
            sleep_us(self._owed_us)
            self._owed_us -= ticks_diff(ticks_us(), start)
