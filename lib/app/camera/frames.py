"""Frames: one capture, many readers, no reader slows another.

The driver's buffer is copied once into a free slot of a small pool and goes back at once; a
driver's own copy becomes the slot's. Readers lease slots; all who wait get the same frame; a slow
reader keeps one slot and skips.
"""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from app.camera.pool import Pool
from proto.faults import CameraFault


class Frames:
    """Captures while somebody waits, and lends what was captured."""

    def __init__(
        self, camera, log, slots=6, most_bytes=1_000_000, patience_ms=8_000, hold_ms=2_000
    ):
        self._camera = camera
        self._log = log
        self._patience_ms = patience_ms
        self._hold_ms = hold_ms
        self._pool = Pool(slots, most_bytes)
        self._slow = []  # leases that can be given up: `give_up` ends their reader's connection
        self._newest = None
        self._wants = []  # the smallest seq that each waiter takes
        self._wanted = asyncio.Event()
        self._news = asyncio.Event()
        self._freed = asyncio.Event()
        self._seq = 0
        self._floor = 0  # older pictures show the camera as it was set before
        self._failing_since = None
        self._paused = ""
        self._resumed = asyncio.Event()
        self.at_rest = False
        self.dropped = 0  # pictures that did not fit

    def fresh(self):
        """Lease a frame whose exposure began after this call: `async with frames.fresh() as f`."""
        return Lease(self, self.next_fresh())

    def next_fresh(self):
        """The number of the first picture whose exposure begins after now."""
        return self._seq + self._camera.stale + 1

    def invalidate(self):
        """A parameter has changed: pictures begun before now are not lent any more."""
        self._floor = self.next_fresh()

    def absent(self):
        """Why there is no camera; nothing where there is one."""
        return self._camera.reason if self._camera.state == "absent" else ""

    def leased(self):
        """How many leases are out."""
        return self._pool.leased()

    async def pause(self, why, limit_ms=5_000):
        """Put the camera to rest; until `resume` whoever wants a picture is told `why`."""
        self._paused = why
        self._resumed.clear()
        self._tell()
        self._wanted.set()
        self._freed.set()
        until = ticks_add(ticks_ms(), limit_ms)  # a camera that hangs does not hold us up
        while not self.at_rest and ticks_diff(until, ticks_ms()) > 0:
            await asyncio.sleep_ms(20)

    def resume(self):
        """Go on after `pause`; without one it does no harm."""
        self._paused = ""
        self._resumed.set()

    async def _rest(self):
        self._camera.stop()
        self._newest = None
        self._pool.drop_free()  # their memory is worth more elsewhere now
        self.at_rest = True
        try:
            await self._resumed.wait()
        finally:
            self.at_rest = False

    async def run(self):
        while True:
            if self._paused:
                await self._rest()
            if not self._wants and not self._restless():
                self._wanted.clear()
                await self._wanted.wait()
                self._pool.complete()
            while not self._pool.has_free() and not self._paused:
                await self._one_freed()
            if self._paused:
                continue
            try:
                view = self._camera.grab()
                if self._taken(await self._camera.capture() if view is None else view):
                    self._tell()
            except CameraFault:
                self._failed()
            await asyncio.sleep_ms(0)

    async def _one_freed(self):
        """Wait for a slot; whoever keeps one for long while there are too few gives it up."""
        self._freed.clear()
        try:
            await asyncio.wait_for_ms(self._freed.wait(), self._hold_ms)
        except asyncio.TimeoutError:
            for lease in self._slow:
                lease.give_up()

    def _tell(self):
        """Wake all who wait, to look again."""
        self._news.set()
        self._news.clear()

    def _taken(self, view):
        """Keep a picture that somebody waits for: True; and give the driver's buffer back."""
        try:
            kept = self._take(view)
            self._failing_since = None
            return kept
        except MemoryError:
            self.dropped += 1
            self._failed()
            fewer = self._pool.shrink(len(view))
            text = "memory for {} at a time".format(fewer) if fewer else "no room for {} bytes"
            self._log.error("frames", text.format(len(view)))
        finally:
            self._camera.release()

    def _restless(self):
        """The first start and the mending of a fault need nobody who waits."""
        return self._failing_since is not None or self._camera.state == "starting"

    def _take(self, view):
        """Copy the driver's picture; nothing may wait until it is given back."""
        self._seq = seq = self._seq + 1
        if seq == 1 and not self._camera.copies:
            self._pool.reserve(len(view))
        if seq < self._floor or not self._wants or seq < min(self._wants):
            return False
        self._newest = self._pool.keep(view, seq, self._camera.copies)
        return True

    def _failed(self):
        if self._failing_since is None:
            self._failing_since = ticks_ms()
        elif self._given_up():  # for good: ticks tell no more than 6 days apart
            self._failing_since = ticks_add(ticks_ms(), -self._patience_ms - 1)
        self._tell()

    def _given_up(self):
        if self.absent():
            return True
        since = self._failing_since
        return since is not None and ticks_diff(ticks_ms(), since) > self._patience_ms

    def _has(self, seq):
        """Whether picture `seq` or a later one is there; CameraFault once it fails too long."""
        if self._paused:
            raise CameraFault(self._paused)
        newest = self._newest
        has_view = newest and newest.view is not None  # it may have had to give its memory
        if has_view and newest.seq >= seq and newest.seq >= self._floor:
            return True
        if self._given_up():
            raise CameraFault(self._camera.reason or "no picture")
        return False

    def _more(self):
        """To be awaited: the next picture; while the camera fails, or the end of patience."""
        if self._failing_since is None:
            return self._news.wait()
        return self._news_or_patience()

    async def _news_or_patience(self):
        waited = ticks_diff(ticks_ms(), self._failing_since)
        try:  # the camera's next try may be half a minute away
            await asyncio.wait_for_ms(self._news.wait(), max(0, self._patience_ms - waited) + 1)
        except asyncio.TimeoutError:
            pass

    def _release(self, frame):
        frame.leases -= 1
        if not frame.leases:
            self._freed.set()


class Lease:
    """`async with lease as frame`, or `take` and `release`; the next time it is a later frame."""

    def __init__(self, frames, seq):
        self._frames = frames
        self._seq = seq
        self._frame = None
        self.give_up = None  # what makes the reader release its frame, where anything does

    def renewed(self):
        """This lease, for a frame whose exposure begins after now."""
        self._seq = self._frames.next_fresh()
        return self

    async def take(self):
        """Wait for the frame and hold it; raises CameraFault."""
        frames, seq = self._frames, self._seq
        frames._wants.append(seq)
        frames._wanted.set()
        try:
            while not frames._has(seq):
                await frames._more()
        finally:
            frames._wants.remove(seq)
        self._frame = frame = frames._newest
        self._seq = frame.seq + 1
        frame.leases += 1
        if self.give_up:
            frames._slow.append(self)
        return frame

    def release(self):
        """Give the frame back."""
        if self.give_up:
            self._frames._slow.remove(self)
        self._frames._release(self._frame)

    def __aenter__(self):
        return self.take()

    async def __aexit__(self, kind, error, trace):
        self.release()
