"""Frames: one capture, many readers, no reader slows another.

The driver's buffer is copied once into a free slot of a small pool and goes back at once.
Readers lease slots; all who wait get the same frame; a slow reader keeps one slot and skips.
"""

import asyncio
import gc
import time
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from proto.faults import CameraFault

_GRAIN = const(8_192)  # buffers grow in such steps, so that they are reused and not replaced


class Frame:
    """A slot of the pool: `view` is the JPEG, `seq` counts captures, `time_s` is the clock's."""

    def __init__(self):
        self._buffer = bytearray(0)
        self.view = None
        self.seq = 0
        self.time_s = 0
        self.leases = 0

    def room(self):
        return len(self._buffer)

    def drop(self):
        self.view = None
        self._buffer = bytearray(0)

    def fill(self, jpeg, seq):
        if len(jpeg) > len(self._buffer):
            self.drop()
            gc.collect()
            self._buffer = bytearray((len(jpeg) + _GRAIN - 1) // _GRAIN * _GRAIN)
        self.view = memoryview(self._buffer)[: len(jpeg)]
        self.view[:] = jpeg
        self.seq = seq
        self.time_s = time.time()


class Frames:
    """Captures while somebody waits, and lends what was captured."""

    def __init__(self, camera, log, slots=6, most_bytes=1_000_000, patience_ms=8_000):
        self._camera = camera
        self._log = log
        self._most_bytes = most_bytes
        self._patience_ms = patience_ms
        self._pool = [Frame() for _ in range(slots)]
        self._newest = None
        self._wants = []  # the smallest seq that each waiter takes
        self._wanted = asyncio.Event()
        self._news = asyncio.Event()
        self._freed = asyncio.Event()
        self._seq = 0
        self._failing_since = None
        self.dropped = 0  # pictures that did not fit

    def fresh(self):
        """Lease a frame whose exposure began after this call: `async with frames.fresh() as f`."""
        return _Lease(self, self._seq + self._camera.stale + 1)

    def after(self, seq):
        """Lease the newest frame after number `seq`."""
        return _Lease(self, seq + 1)

    def leased(self):
        """How many leases are out."""
        return sum(frame.leases for frame in self._pool)

    async def run(self):
        while True:
            if not self._wants and self._failing_since is None:  # a fault is mended unasked
                self._wanted.clear()
                await self._wanted.wait()
            await self._capture()
            await asyncio.sleep_ms(0)

    async def _capture(self):
        try:
            view = await self._camera.capture()
        except CameraFault:
            self._failed()
        else:
            try:
                await self._take(view)
                self._failing_since = None
            except MemoryError:
                self.dropped += 1
                self._failed()
                self._log.error("frames", "no room for {} bytes".format(len(view)))
            finally:
                self._camera.release()
        self._news.set()
        self._news.clear()

    async def _take(self, view):
        self._seq += 1
        if self._wants and self._seq >= min(self._wants):
            frame = await self._slot(len(view))
            frame.fill(view, self._seq)
            self._newest = frame

    def _failed(self):
        if self._failing_since is None:
            self._failing_since = ticks_ms()
        elif self._given_up():  # for good: ticks tell no more than 6 days apart
            self._failing_since = ticks_add(ticks_ms(), -self._patience_ms - 1)

    def _given_up(self):
        since = self._failing_since
        return since is not None and ticks_diff(ticks_ms(), since) > self._patience_ms

    async def _slot(self, size):
        """A slot that nobody leases, best one that is big enough already."""
        if size > self._most_bytes:
            raise MemoryError
        while True:
            free = [f for f in self._pool if not f.leases]
            others = [f for f in free if f is not self._newest] or free
            if others:
                break
            await self._freed.wait()
        fitting = [f for f in others if f.room() >= size]
        if fitting:
            return min(fitting, key=Frame.room)
        for frame in others:  # too small: their memory makes the bigger one
            frame.drop()
            if frame is self._newest:
                self._newest = None
        return others[0]

    async def _wait(self, seq):
        """The newest frame from number `seq` on; CameraFault once the camera fails too long."""
        self._wants.append(seq)
        self._wanted.set()
        try:
            while not self._newest or self._newest.seq < seq:
                if self._given_up():
                    raise CameraFault(self._camera.reason or "no picture")
                await self._news_or_patience()
        finally:
            self._wants.remove(seq)
        return self._newest

    async def _news_or_patience(self):
        """Wait for the next picture; while the camera fails, no longer than there is patience."""
        if self._failing_since is None:
            await self._news.wait()
            return
        waited = ticks_diff(ticks_ms(), self._failing_since)
        try:  # the camera's next try may be half a minute away
            await asyncio.wait_for_ms(self._news.wait(), max(0, self._patience_ms - waited) + 1)
        except asyncio.TimeoutError:
            pass

    def _release(self, frame):
        frame.leases -= 1
        if not frame.leases:
            self._freed.set()
            self._freed.clear()


class _Lease:
    def __init__(self, frames, seq):
        self._frames = frames
        self._seq = seq
        self._frame = None

    async def __aenter__(self):
        self._frame = await self._frames._wait(self._seq)
        self._frame.leases += 1
        return self._frame

    async def __aexit__(self, kind, error, trace):
        self._frames._release(self._frame)
