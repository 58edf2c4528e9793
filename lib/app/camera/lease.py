"""A reader's hold on one frame at a time."""


class Lease:
    """Holds one frame at a time for a reader: `async with lease as f`, or `acquire` and `release`.

    The next `acquire` gets a later frame, the newest there is. `give_up`, if set, is called to
    make a slow reader release its frame.
    """

    def __init__(self, frames, seq, size=None, quality=None):
        self._frames = frames
        self.size = size  # name of the frame size; None is the usual one
        self.quality = quality  # as on the wire; None is the usual one
        self.refused = ""  # why the sensor does not offer that size or quality
        self.frame = None  # the last one that it held
        self.seq = seq  # of the first capture that it accepts
        self.give_up = None

    def renewed(self):
        """Return this lease, now for a frame whose exposure begins after this call."""
        self.seq = self._frames.next_fresh()
        self.refused = ""
        return self

    def matches(self, source, camera):
        """Return True if `source`, a frame or the camera, has the size and quality it wants."""
        if source.size != (self.size or camera.usual_size):
            return False
        return source.quality == (camera.usual_quality if self.quality is None else self.quality)

    def acquire(self):
        """Wait for the frame, hold it and return it (a coroutine); raises CameraFault."""
        return self._frames.acquire(self)

    __aenter__ = acquire

    def release(self):
        """Release the frame."""
        self._frames.release(self)

    async def __aexit__(self, kind, error, trace):
        self.release()
