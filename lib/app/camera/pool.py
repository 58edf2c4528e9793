"""Memory for the pictures that readers hold: a few slots, as large as the pictures.

A slot is leased by reference count. Its memory is reused, so that pictures of many sizes do not
fragment the heap, and freed a few seconds after the last use.
"""

import asyncio
import gc
import time

from micropython import const

from config import limits
from proto.posixtz import unix_time

_MARGIN = const(128)  # before and after a picture, for headers that are sent with it
_GRAIN = const(1_024)  # buffers are multiples of it, 1/16 larger than needed: the next one fits


class Frame:
    """A slot: `view` is the JPEG, `seq` its capture's number, `time_ns` time.time_ns() then.

    `ticks_ms` are those of the same moment; setting the clock does not affect them. `size` is the
    name of its frame size, `quality` its quality as on the wire.
    """

    def __init__(self):
        self._buffer = memoryview(b"")
        self.view = None
        self.size = ""
        self.quality = 0
        self.seq = 0
        self.time_ns = self.ticks_ms = 0
        self.wrapped = None
        self.leases = 0

    def capacity(self):
        """Return the size of the largest picture that fits."""
        return len(self._buffer) - 2 * _MARGIN

    def drop(self):
        """Free the memory, and the picture with it."""
        self.view = self.wrapped = None
        self._buffer = memoryview(b"")

    def reserve(self, size):
        """Make room for a picture of `size` bytes; raises MemoryError."""
        size += 2 * _MARGIN
        if size > len(self._buffer):
            self.drop()
            gc.collect()
            self._buffer = memoryview(bytearray((size + size // 16) // _GRAIN * _GRAIN + _GRAIN))

    def fill(self, jpeg, seq):
        """Copy a picture in; raises MemoryError."""
        self.reserve(len(jpeg))
        self.view = self._buffer[_MARGIN : _MARGIN + len(jpeg)]
        self.view[:] = jpeg
        self._stamp(seq)

    def keep(self, jpeg, seq):
        """Hold a picture that is a copy already."""
        self.view = jpeg
        self._stamp(seq)

    def _stamp(self, seq):
        self.wrapped = None
        self.seq = seq
        self.time_ns = time.time_ns()
        self.ticks_ms = time.ticks_ms()

    def timestamp(self):
        """Return the time of the capture in seconds since 1970, with microseconds, as text."""
        seconds, ns = divmod(self.time_ns, 1_000_000_000)
        return "{}.{:06d}".format(unix_time(seconds), ns // 1_000)

    def wrap(self, head, tail):
        """Set `wrapped` to the parts of head + picture + tail, for all readers: one if possible.

        Each of the two fits the margin of 128 bytes.
        """
        if not self._buffer:
            self.wrapped = (head, self.view, tail)
            return
        start, end = _MARGIN - len(head), _MARGIN + len(self.view)
        self._buffer[start:_MARGIN] = head
        self._buffer[end : end + len(tail)] = tail
        self.wrapped = (self._buffer[start : end + len(tail)],)


class Pool:
    """At most `slots` frames; fewer for a while if memory is short."""

    def __init__(self, slots, max_bytes, keep_s=limits.PICTURE_KEEP_S):
        self._slots = slots
        self._max_bytes = max_bytes  # of one picture
        self._keep_s = keep_s  # longer than the usual intervals of pictures
        self._unused_s = 0
        self.frames = []
        self.complete()
        self.last_bytes = 0  # size of the newest picture

    async def run(self):
        """Free the memory of all slots once they have not been used for `keep_s`."""
        while True:
            await asyncio.sleep_ms(1_000)
            self._unused_s += 1
            if self.is_leased():
                self._unused_s = 0
            elif self._unused_s == self._keep_s:
                self.drop_free()

    def is_leased(self):
        for frame in self.frames:
            if frame.leases:
                return True
        return False

    def complete(self):
        """Restore all slots, because there may be memory for them again."""
        while len(self.frames) < self._slots:
            self.frames.append(Frame())

    def has_free(self):
        for frame in self.frames:
            if not frame.leases:
                return True
        return False

    def put(self, view, seq, is_copy):
        """Store a picture in a free slot and return that slot; a copy is not copied again.

        Raises MemoryError, also for a picture larger than `max_bytes`.
        """
        if len(view) > self._max_bytes:
            raise MemoryError
        self._unused_s = 0
        self.last_bytes = len(view)
        if is_copy:
            frame = self.drop_free()
            frame.keep(view, seq)
        else:
            frame = self._best_for(len(view))
            frame.fill(view, seq)
        return frame

    def _best_for(self, size):
        """Return the smallest free slot that fits; if there is none, drop all and return one."""
        best = None
        for frame in self.frames:
            if not frame.leases and frame.capacity() >= size:
                if best is None or frame.capacity() < best.capacity():
                    best = frame
        return best or self.drop_free()

    def drop_free(self):
        """Free the memory of all slots that are not leased; return one of them."""
        free = None
        for frame in self.frames:
            if not frame.leases:
                free = frame
                frame.drop()
        return free

    def shrink(self, size):
        """Keep only the leased slots after there was no memory for `size` bytes.

        Returns their number, 0 if that does not help.
        """
        leased = [frame for frame in self.frames if frame.leases]
        if size > self._max_bytes or not leased:
            return 0
        self.frames = leased
        return len(leased)
