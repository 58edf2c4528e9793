"""Frames: one capture for many readers, and no reader slows down another.

A picture is copied once, from the driver's buffer into a slot of a small pool; from a driver that
returns copies, the copy itself is kept. Readers lease slots. All waiting readers get the same
frame; a slow one holds one slot and skips frames. Readers of another size or quality take turns.
"""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from app.camera.camera import CameraFault, Withheld
from app.camera.lease import Lease
from app.camera.pool import Pool
from app.camera.tolerance import Tolerance
from config import limits


class Frames:
    """Captures while readers wait, and leases the frames to them.

    `state` is idle, capturing or paused. Captures are numbered; a lease names the first one that
    it accepts.
    """

    def __init__(
        self,
        camera,
        log,
        slots=limits.PICTURE_SLOTS,
        max_bytes=limits.PICTURE_BYTES,
        tolerance_ms=limits.PICTURE_FAILING_MS,
        hold_ms=limits.PICTURE_HOLD_MS,
    ):
        self._camera = camera
        self._log = log
        self._tolerance = Tolerance(tolerance_ms)  # of failures, before readers get an error
        self._hold_ms = hold_ms  # for which slow readers may hold all slots
        self.pool = Pool(slots, max_bytes)  # a component of its own
        self._waiting = []  # leases
        self._held = []  # leases
        self._newest = None
        self._seq = 0
        self._floor = 0  # earlier captures show the camera as it was before a change
        self._pause_reason = ""
        self.withheld = ""  # why nobody gets a picture, although the camera could take one
        self._drop_reason = ""  # why the last picture was dropped; "" once one was kept
        self._requested = asyncio.Event()  # a reader waits, or a pause begins or ends
        self._freed = asyncio.Event()  # a slot
        self._changed = asyncio.Event()  # a frame, a failure or a pause: readers check again
        self.state = "idle"
        self.dropped = 0  # pictures for which there was no memory

    # For readers

    def fresh(self, size=None, quality=None):
        """Lease a frame of `size` exposed from now on: `async with frames.fresh("VGA") as f`."""
        return Lease(self, self.next_fresh(), size, quality)

    @property
    def usual(self):
        """Name of the frame size and quality that the user has set."""
        return self._camera.usual_size, self._camera.usual_quality

    def next_fresh(self):
        """Return the number of the first capture whose exposure begins after this call."""
        return self._seq + self._camera.stale + 1

    def absent(self):
        """Return the reason why there is no camera, or ""."""
        return self._camera.reason if self._camera.state in ("absent", "unsuitable") else ""

    @property
    def possible(self):
        """False if there can never be a frame with this board, its sensor and firmware."""
        return self._camera.exists and self._camera.state != "unsuitable"

    def leased(self):
        """Return the number of leases that hold a frame."""
        return len(self._held)

    async def acquire(self, lease):
        """Wait for a frame that `lease` accepts; the lease then holds it. Raises CameraFault."""
        self._waiting.append(lease)
        self._requested.set()
        try:
            while not self._has(lease):
                await self._tolerance.wait(self._changed)
        finally:
            self._waiting.remove(lease)
        self.share(self._newest, lease)
        return lease.frame

    def share(self, frame, lease):
        """Let `lease` hold a frame, too, that another lease holds now."""
        lease.frame = frame
        lease.seq = frame.seq + 1
        frame.leases += 1
        self._held.append(lease)

    def release(self, lease):
        """End the hold of `lease` on its frame."""
        self._held.remove(lease)
        lease.frame.leases -= 1
        if not lease.frame.leases:
            self._freed.set()

    # For components that change or stop the camera

    def invalidate(self):
        """Lease no picture that was begun before now, because a parameter has changed."""
        self._floor = self.next_fresh()

    async def pause(self, reason, limit_ms=limits.CAMERA_STOP_MS):
        """Stop the camera; until `resume`, readers get `reason` as a CameraFault.

        Returns once the camera has stopped; one that hangs is waited for no longer than
        `limit_ms`.
        """
        self._log.debug("frames", "paused: {}", reason)
        self._pause_reason = reason
        self._wake_all()
        limit = ticks_add(ticks_ms(), limit_ms)
        while not self.at_rest and ticks_diff(limit, ticks_ms()) > 0:
            await asyncio.sleep_ms(20)

    def resume(self):
        """End a pause, if there is one."""
        self._pause_reason = ""
        self._requested.set()

    @property
    def at_rest(self):
        """True while the camera is stopped by `pause`."""
        return self.state == "paused" and bool(self._pause_reason)

    def withhold(self, reason):
        """Cut the sensor's power; readers get Withheld with `reason`, until it is "".

        Frames that are leased stay leased.
        """
        self.withheld = reason
        self._camera.power(not reason, reason)
        self._wake_all()

    @property
    def stopped(self):
        """Reason why no reader gets a picture for now, although there is a camera, or ""."""
        return self.withheld or self._pause_reason

    # The states

    async def run(self):
        states = {"idle": self._idle, "capturing": self._capturing, "paused": self._paused}
        while True:
            self.state = await states[self.state]()

    async def _idle(self):
        while not self._is_needed() and not self.stopped:
            self._requested.clear()
            await self._requested.wait()
        self.pool.complete()
        return "paused" if self.stopped else "capturing"

    async def _capturing(self):
        while self._is_needed() and not self.stopped:
            if not self.pool.has_free():
                await self._wait_for_slot()
                continue
            self._adapt()
            try:
                view = self._camera.grab()
                self._receive(await self._camera.capture() if view is None else view)
            except CameraFault:
                self._note_failure()
            await asyncio.sleep_ms(0)
        return "idle"

    async def _paused(self):
        self._camera.stop()
        self._newest = None
        self._tolerance.end()
        self.pool.drop_free()  # an update needs the memory
        while self.stopped:
            self._requested.clear()
            await self._requested.wait()
        return "idle"

    def _is_needed(self):
        """Return True if a capture is due: a first start and recovery do not wait for a reader."""
        return self._waiting or self._tolerance.failing or self._camera.state == "starting"

    async def _wait_for_slot(self):
        """Wait for a free slot; after `hold_ms` call `give_up` of the readers that have one."""
        self._freed.clear()
        try:
            await asyncio.wait_for_ms(self._freed.wait(), self._hold_ms)
        except asyncio.TimeoutError:
            for lease in self._held:
                if lease.give_up:
                    self._log.debug("frames", "a slow reader gives up its slot")
                    lease.give_up()

    def _adapt(self):
        """Give the sensor the size and quality that the first of the waiting readers wants."""
        if not self._waiting or self._camera.state != "ready":
            return
        lease = self._waiting[0]
        if lease.matches(self._camera, self._camera) or self._suits(self._newest, lease):
            return
        try:
            self._camera.adapt(lease.size, lease.quality)
        except CameraFault as e:
            lease.refused = str(e)
            self._wake_readers()
            if not lease.size:
                self._camera.stop()  # the next capture starts it with the usual size
        self.invalidate()

    # A capture

    def _receive(self, view):
        """Store the driver's picture if a reader waits for it, and return the buffer.

        Nothing is awaited in between, because the driver could then reuse its buffer. During the
        capture, a reader may have leased the newest frame, in the last free slot.
        """
        self._seq += 1
        try:
            if self._is_awaited(self._seq) and self.pool.has_free():
                self._newest = self.pool.put(view, self._seq, self._camera.copies)
                self._newest.size, self._newest.quality = self._camera.size, self._camera.quality
                self._wake_readers()
            self._tolerance.end()
            self._drop_reason = ""
        except MemoryError:
            self._drop(len(view))
        finally:
            self._camera.release(not self._is_watched())

    def _is_watched(self):
        """Return True if one of the readers is a stream, which goes on for a while."""
        for leases in (self._held, self._waiting):
            for lease in leases:
                if lease.give_up:
                    return True
        return False

    def _is_awaited(self, seq):
        if seq >= self._floor:
            for lease in self._waiting:
                if lease.seq <= seq and lease.matches(self._camera, self._camera):
                    return True
        return False

    def _drop(self, size):
        """Drop a picture that finds no memory; for now, use only the slots that have some."""
        self.dropped += 1
        self._note_failure()
        is_first = not self._drop_reason
        self._drop_reason = text = "no memory for {} bytes".format(size)
        slots = self.pool.shrink(size)
        if slots:
            text += ", slots reduced to {}".format(slots)
        if slots or is_first:  # a fault that lasts does not fill the log
            self._log.error("frames", text)

    def _note_failure(self):
        self._tolerance.note_failure()
        self._wake_readers()

    # Waiting for a frame

    def _has(self, lease):
        """Return True if a frame for `lease` is there; raises CameraFault if none is to come."""
        if self.withheld:
            raise Withheld(self.withheld)
        if self._pause_reason:
            raise CameraFault(self._pause_reason)
        if lease.refused:
            raise CameraFault(lease.refused)
        if self._suits(self._newest, lease):
            return True
        if self._tolerance.exceeded or self.absent():
            raise CameraFault(self._camera.reason or self._drop_reason or "no picture")
        return False

    def _suits(self, frame, lease):
        if not frame or not frame.view or not lease.matches(frame, self._camera):
            return False
        return frame.seq >= max(lease.seq, self._floor)

    def _wake_all(self):
        """Let readers and states notice that the camera stops, or may run again."""
        self._wake_readers()
        self._requested.set()
        self._freed.set()

    def _wake_readers(self):
        self._changed.set()
        self._changed.clear()
