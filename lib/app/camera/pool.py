"""Where pictures are kept while they are read: a few slots, as large as pictures are.

A slot is leased by reference count; its memory is used again and again, so that the heap is not
worn by pieces of every size.
"""

import gc
import time

from micropython import const

_ROOM = const(128)  # before and behind a picture
_GRAIN = const(1_024)  # buffers have such sizes, and a sixteenth to spare: the next is of use, too


class Frame:
    """A slot of the pool: `view` is the JPEG, `seq` counts captures, `time_s` is the clock's."""

    def __init__(self):
        self._buffer = memoryview(b"")
        self.view = None
        self.seq = 0
        self.time_s = 0
        self.wrapped = None
        self.leases = 0

    def room(self):
        return len(self._buffer) - 2 * _ROOM

    def drop(self):
        self.view = self.wrapped = None
        self._buffer = memoryview(b"")

    def reserve(self, size):
        """Have room for `size` bytes; raises MemoryError."""
        size += 2 * _ROOM
        if size > len(self._buffer):
            self.drop()
            gc.collect()
            self._buffer = memoryview(bytearray((size + size // 16) // _GRAIN * _GRAIN + _GRAIN))

    def fill(self, jpeg, seq):
        """Copy a picture in, with room on both sides."""
        self.reserve(len(jpeg))
        self.view = self._buffer[_ROOM : _ROOM + len(jpeg)]
        self.view[:] = jpeg
        self.number(seq)

    def number(self, seq):
        self.wrapped = None
        self.seq = seq
        self.time_s = time.time()

    def wrap(self, head, tail):
        """`wrapped` is then the picture between them, if it can be in one piece for all."""
        if not self._buffer:
            self.wrapped = (head, self.view, tail)
            return
        start, end = _ROOM - len(head), _ROOM + len(self.view)
        self._buffer[start:_ROOM] = head
        self._buffer[end : end + len(tail)] = tail
        self.wrapped = (self._buffer[start : end + len(tail)],)


class Pool:
    """At most `slots` frames; fewer for a while where memory is short."""

    def __init__(self, slots, most_bytes):
        self._slots = slots
        self._most_bytes = most_bytes
        self.frames = []
        self.complete()

    def complete(self):
        """All slots again: memory may be had by now."""
        while len(self.frames) < self._slots:
            self.frames.append(Frame())

    def reserve(self, size):
        """A slot while the heap is young: later such a piece is hard to find.

        A heap that is too small for that is left as it is.
        """
        try:
            self.frames[0].reserve(size)
        except MemoryError:
            pass

    def leased(self):
        """How many leases are out."""
        return sum(frame.leases for frame in self.frames)

    def has_free(self):
        for frame in self.frames:
            if not frame.leases:
                return True
        return False

    def keep(self, view, seq, is_copy):
        """The slot that a picture is now in; one that is a copy already is kept as it is.

        Raises MemoryError, also for a picture that is larger than any should be.
        """
        if len(view) > self._most_bytes:
            raise MemoryError
        if is_copy:
            frame = self.drop_free()
            frame.view = view
            frame.number(seq)
        else:
            frame = self._slot(len(view))
            frame.fill(view, seq)
        return frame

    def _slot(self, size):
        """One that nobody leases, best one that is big enough already; else all give theirs."""
        best = None
        for frame in self.frames:
            if not frame.leases and frame.room() >= size:
                if best is None or frame.room() < best.room():
                    best = frame
        return best or self.drop_free()

    def drop_free(self):
        """Give back the memory of all that nobody leases; returns one of them."""
        free = None
        for frame in self.frames:
            if not frame.leases:
                free = frame
                frame.drop()
        return free

    def shrink(self, size):
        """Make do with the slots that are lent: how many, 0 where that helps nothing."""
        lent = [frame for frame in self.frames if frame.leases]
        if size > self._most_bytes or not lent:
            return 0
        self.frames = lent
        return len(lent)
