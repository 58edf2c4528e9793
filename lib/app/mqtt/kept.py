"""Pictures that are kept while the broker is away, and sent with their times afterwards."""

import asyncio
import json

from micropython import const

from proto.jpeg import whole
from proto.posixtz import SECONDS_TO_2000

_POLL_MS = const(500)


class Kept:
    """The newest `keep` pictures taken without a broker: in memory only, the oldest first.

    All of them are dropped for an update, which needs the memory.
    """

    def __init__(self, album, frames, session, settings, topics, clock, log):
        self._album = album
        self._frames = frames
        self._session = session
        self._settings = settings
        self._topics = topics
        self._clock = clock
        self._log = log
        self.parts = whole  # returns the parts of a frame's JPEG to send

    @property
    def waiting(self):
        """Number of pictures that are kept."""
        return len(self._album.pictures)

    @property
    def sending(self):
        return self._album.sending

    @property
    def sent(self):
        return self._album.sent

    @property
    def dropped(self):
        return self._album.dropped

    def wants(self):
        """Return True if a picture taken now would be kept."""
        away = self._settings["mqtthost"] and not self._session.up.is_set()
        return bool(self._settings["keep"] and away and not self._frames.at_rest)

    def take(self, frame):
        """Keep a copy of a frame, if the broker is away; drop the oldest ones for it."""
        if not self.wants():
            return
        self._limit(self._settings["keep"] - 1)
        picture = self._album.add(self.parts(frame))
        if picture:
            picture.uptime_s = self._log.uptime_s()

    async def run(self):
        while True:
            await asyncio.sleep_ms(_POLL_MS)
            # an update needs the memory
            self._limit(0 if self._frames.at_rest else self._settings["keep"])
            while self.waiting and self._session.up.is_set():
                first = self._album.pictures[0]
                await self._album.send(first, self._topics.kept, self._announce)

    def drop_pictures(self):
        """Drop all pictures."""
        self._album.drop_pictures()

    def figures(self):
        """Return the telemetry."""
        return {"Waiting": self.waiting, "Sent": self.sent, "Dropped": self.dropped}

    async def _announce(self, picture):
        await self._session.publish(self._topics.kept_info, self._info(picture))

    def _info(self, picture):
        """Return the message before a picture, as JSON; without the time only its age is known."""
        age_s = self._log.uptime_s() - picture.uptime_s
        utc = self._clock.utc() if self._clock.set.is_set() else None
        info = {
            "Time": self._clock.iso_if_set(-age_s),
            "Timestamp": None if utc is None else utc + SECONDS_TO_2000 - age_s,
            "AgeSec": age_s,
            "Bytes": len(picture.view),
            "Left": self.waiting - 1,
        }
        return json.dumps(info).encode()

    def _limit(self, count):
        """Drop the oldest pictures until there are at most so many."""
        while self.waiting > count:
            self._album.drop_first()
