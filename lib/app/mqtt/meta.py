"""Metadata: a JSON message before each published picture."""

import asyncio
import hashlib
from binascii import hexlify

from micropython import const

from proto.jpeg import dimensions, size_of
from proto.posixtz import unix_time

_PIECE = const(8_192)  # bytes that are hashed between two yields
_MS = const(1_000_000)  # nanoseconds
# by hand, because the chip's floats are too short for the time
_TEXT = (
    '{{"Sequence": {}, "Time": {}, "Timestamp": {}, "Width": {}, "Height": {}, "Bytes": {}, '
    '"Quality": {}, "Trigger": "{}", "SHA256": "{}"}}'
)


class Meta:
    """Describes the pictures that are published, if the setting `meta` is on.

    They are numbered from 1 after each start, including those that the broker does not get.
    """

    def __init__(self, session, settings, topic, clock):
        self._session = session
        self._settings = settings
        self._topic = topic
        self._clock = clock
        self._sequence = 0

    async def publish(self, frame, parts, trigger):
        """Publish what the JPEG in `parts`, made from `frame`, is; raises OSError if it cannot."""
        self._sequence += 1
        if not self._settings["meta"]:
            return
        sequence = self._sequence
        time, timestamp = self._times(frame.time_ns)
        width, height = dimensions(frame.view)
        size, digest = size_of(parts), await sha256(parts)
        text = _TEXT.format(
            sequence, time, timestamp, width, height, size, frame.quality, trigger, digest
        )
        await self._session.publish(self._topic, text.encode(), bool(self._settings["retain"]))

    def _times(self, time_ns):
        """Return local time with its offset, and the seconds since 1970; null without the time."""
        if not self._clock.knew(time_ns):
            return "null", "null"
        seconds, ms = divmod(time_ns // _MS, 1_000)
        fields, offset = self._clock.local(seconds)
        text = '"{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}.{:03d}{}"'
        return text.format(*fields[:6], ms, offset), "{}.{:03d}".format(unix_time(seconds), ms)


async def sha256(parts):
    """Return the SHA-256 of a picture in hex; other tasks run in between."""
    digest = hashlib.sha256()
    for part in parts:
        for at in range(0, len(part), _PIECE):
            digest.update(part[at : at + _PIECE])
            await asyncio.sleep_ms(0)
    return hexlify(digest.digest()).decode()
