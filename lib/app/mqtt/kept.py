"""Pictures that are kept while the broker is away, and sent with their times afterwards."""

import asyncio
import json
from collections import namedtuple

from micropython import const

from config import limits
from proto.jpeg import size_of, whole
from proto.posixtz import SECONDS_TO_2000
from proto.reasons import describe

_POLL_MS = const(500)
_TRIES = const(2)  # links that one picture may lose, as some brokers close on large ones

_Picture = namedtuple("_Picture", ("data", "uptime_s"))


class Kept:
    """The newest `keep` pictures taken without a broker: in memory only, the oldest first.

    They need memory that nothing else wants: each leaves `reserve_bytes` free, and all of them are
    dropped for an update.
    """

    def __init__(
        self,
        frames,
        session,
        settings,
        topics,
        clock,
        log,
        free_bytes,
        most_bytes=limits.KEPT_BYTES,
        reserve_bytes=limits.KEPT_RESERVE_BYTES,
    ):
        self._frames = frames
        self._session = session
        self._settings = settings
        self._topics = topics
        self._clock = clock
        self._log = log
        self._free_bytes = free_bytes
        self._most_bytes = most_bytes
        self._reserve_bytes = reserve_bytes
        self._pictures = []
        self._tries = 0  # of the first one
        self.sending = False
        self.parts = whole  # function of a frame: what is sent of it
        self.sent = self.dropped = 0

    @property
    def waiting(self):
        """Number of pictures that are kept."""
        return len(self._pictures)

    def wants(self):
        """Return True if a picture taken now would be kept."""
        away = self._settings["mqtthost"] and not self._session.up.is_set()
        return bool(self._settings["keep"] and away and not self._frames.at_rest)

    def take(self, frame):
        """Keep a copy of a frame, if the broker is away; drop the oldest ones for it."""
        if not self.wants():
            return
        parts = self.parts(frame)
        size = size_of(parts)
        self._make_room(self._settings["keep"] - 1, self._most_bytes - size)
        while self._free_bytes() - size < self._reserve_bytes:
            if not self._pictures:
                self.dropped += 1
                return
            self._drop_first()
        try:
            self._pictures.append(_Picture(_joined(parts, size), self._log.uptime_s()))
        except MemoryError:  # free memory, but not in one piece
            self.dropped += 1
            self._make_room(0, 0)

    async def run(self):
        while True:
            await asyncio.sleep_ms(_POLL_MS)
            if self._frames.at_rest:  # an update needs the memory
                self._make_room(0, 0)
            self._make_room(self._settings["keep"], self._most_bytes)
            while self._pictures and self._session.up.is_set():
                self.sending = True
                try:
                    await self._send_first()
                finally:
                    self.sending = False

    def drop_pictures(self):
        """Drop all pictures."""
        self._make_room(0, 0)

    def figures(self):
        """Return the telemetry."""
        return {"Waiting": self.waiting, "Sent": self.sent, "Dropped": self.dropped}

    async def _send_first(self):
        """Send the oldest picture; it stays until the broker has taken it."""
        picture = self._pictures[0]
        try:
            await self._session.publish(self._topics.kept_info, self._info(picture))
            if not self._is_first(picture):  # dropped meanwhile
                return
            await self._session.publish(self._topics.kept, memoryview(picture.data))
            await self._session.confirm()
        except OSError as e:
            self._log.debug("mqtt", "kept picture not sent: {}", describe(e))
            self._tries += 1
            if self._tries == _TRIES and self._is_first(picture):
                self._drop_first()
            return
        if self._is_first(picture):  # it may have been dropped meanwhile
            self._pictures.pop(0)
            self._tries = 0
        self.sent += 1

    def _is_first(self, picture):
        return bool(self._pictures) and self._pictures[0] is picture

    def _info(self, picture):
        """Return the message before a picture, as JSON; without the time only its age is known."""
        age_s = self._log.uptime_s() - picture.uptime_s
        utc = self._clock.utc() if self._clock.set.is_set() else None
        info = {
            "Time": self._clock.iso_if_set(-age_s),
            "Timestamp": None if utc is None else utc + SECONDS_TO_2000 - age_s,
            "AgeSec": age_s,
            "Bytes": len(picture.data),
            "Left": self.waiting - 1,
        }
        return json.dumps(info).encode()

    def _make_room(self, count, most_bytes):
        """Drop the oldest pictures until there are at most so many, and so many bytes."""
        while self._pictures and (
            self.waiting > count or sum([len(each.data) for each in self._pictures]) > most_bytes
        ):
            self._drop_first()

    def _drop_first(self):
        self._pictures.pop(0)
        self._tries = 0
        self.dropped += 1


def _joined(parts, size):
    """Return a copy of all parts in one piece; raises MemoryError."""
    copy, at = bytearray(size), 0
    for part in parts:
        copy[at : at + len(part)] = part
        at += len(part)
    return copy
