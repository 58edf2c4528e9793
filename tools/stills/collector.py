"""Stores published pictures by their metadata, each once."""

import hashlib
import json
from collections import deque
from datetime import datetime, timezone

from stills.jpegs import is_whole

_METAS = 8  # messages that wait for their pictures


def _now():
    return datetime.now(timezone.utc)


class Collector:
    """Takes the messages on `data/<topic>/meta` and `image`; stores pictures in a PictureFolder.

    A picture with metadata has the time of its exposure, any other the time of its arrival.
    `refusal` says why the last refused one was.
    """

    def __init__(self, folder, now=_now):
        self._folder = folder
        self._now = now
        self._metas = deque(maxlen=_METAS)
        self._expects = False  # metadata has come since the last picture
        self.stored = self.duplicates = self.refused = self.bytes = 0
        self.refusal = ""
        self.last = None  # time of the last picture that was stored

    def take_meta(self, payload):
        """Note what the next picture is; anything but such a message is ignored."""
        try:
            meta = json.loads(payload)
            timestamp = meta["Timestamp"]
            time = None if timestamp is None else datetime.fromtimestamp(timestamp, timezone.utc)
            self._metas.append((meta["SHA256"], meta["Bytes"], time))
        except (ValueError, KeyError, TypeError, OverflowError, OSError):
            return
        self._expects = True

    def take_picture(self, jpeg, retained=False):
        """Store a picture, if it is whole, matches its metadata, and is not there already.

        retained: the broker has kept it, so only its metadata has the time.
        """
        expects, self._expects = self._expects, False
        digest = hashlib.sha256(jpeg).hexdigest()
        meta = next((each for each in self._metas if each[0] == digest), None)
        time = meta[2] if meta else None
        if not jpeg or (retained and not time):  # it removes a retained picture; or it has no time
            return
        reason = _fault(jpeg, meta, expects)
        if reason:
            self.refused += 1
            self.refusal = reason
        else:
            self._store(jpeg, time or self._now())

    def _store(self, jpeg, time):
        if self._folder.add(jpeg, time):
            self.stored += 1
            self.bytes += len(jpeg)
            self.last = time
        else:
            self.duplicates += 1


def _fault(jpeg, meta, expects):
    """Return the reason to refuse a picture, or ""."""
    if meta and meta[1] != len(jpeg):
        return f"its metadata has {meta[1]} bytes, it has {len(jpeg)}"
    if expects and not meta:
        return "it does not match the SHA-256 in its metadata"
    return "" if is_whole(jpeg) else "it is not a whole JPEG"
