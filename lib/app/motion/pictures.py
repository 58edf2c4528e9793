"""The pictures before, at and after motion."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from proto.jpeg import whole

_POLL_MS = const(100)
_AFTER_MS = const(60_000)  # a picture that comes later does not belong to the event


class EventPictures:
    """Keeps the newest `motionpictures` pictures; sends those around an event, with the next ones.

    With N pictures before an event, they have the numbers 1..N, the one at it N + 1, those after
    it N + 2..2N + 1. If there were fewer before, the first numbers are missing.
    """

    def __init__(self, album, frames, session, settings, topics, meta):
        self._album = album
        self._frames = frames
        self._session = session
        self._settings = settings
        self._topics = topics
        self._meta = meta
        self.parts = whole  # returns the parts of a frame's JPEG to send
        self._next = self._last = 0  # numbers of the pictures that belong to the event
        self._begun_ms = 0  # ticks
        self._stops = False

    @property
    def sent(self):
        return self._album.sent

    @property
    def pending(self):
        """True while pictures of an event are to be taken, or are to be sent to the broker."""
        if 0 < self._next <= self._last and not self._is_late():
            return True
        return self._session.up.is_set() and any([each.number for each in self._album.pictures])

    def begin(self):
        """Begin an event: the kept pictures belong to it, and so do the next ones."""
        count = self._settings["motionpictures"]
        number = count
        for picture in reversed(self._ring()):
            picture.number = number
            number -= 1
        self._next, self._last = count + 1, 2 * count + 1 if count else 0
        self._begun_ms = ticks_ms()

    def take(self, frame):
        """Keep a copy of a frame."""
        ring, spare = self._ring(), None
        while ring and len(ring) >= self._settings["motionpictures"]:
            spare = ring.pop(0)
            self._album.pictures.remove(spare)
        is_off = not self._settings["motionpictures"] or self._frames.at_rest
        if is_off or self._is_late():
            self._next = self._last = 0
        if is_off:
            return
        picture = self._album.add(self.parts(frame), spare)
        if picture:
            picture.number = 0
            picture.time_ns, picture.quality = frame.time_ns, frame.quality
        if self._next <= self._last:
            if picture:
                picture.number = self._next
            self._next += 1

    def _is_late(self):
        return ticks_diff(ticks_ms(), self._begun_ms) >= _AFTER_MS

    def _ring(self):
        """Return the pictures that belong to no event, the oldest first."""
        return [each for each in self._album.pictures if not each.number]

    def stop(self):
        """Drop all pictures, and let `run` end after the one on its way."""
        self._stops = True
        self._album.drop_pictures()
        self._next = self._last = 0

    async def run(self):
        self._stops = False
        while not self._stops:
            if self._frames.at_rest:  # an update needs the memory
                self._album.drop_pictures()
            due = [each for each in self._album.pictures if each.number]
            if due and self._session.up.is_set():
                topic = self._topics.motion(due[0].number)
                await self._album.send(due[0], topic, self._describe)
            else:
                await asyncio.sleep_ms(_POLL_MS)

    async def _describe(self, picture):
        await self._meta.publish(picture, (picture.view,), "motion")
