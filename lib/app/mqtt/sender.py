"""Leases and sends pictures that are small enough for the broker and for `pubmaxbytes`."""

from app.mqtt.budget import Budget, LargestAccepted
from proto.jpeg import size_of, whole
from proto.mqtt import Pieces


class PictureSender:
    """One for all that publish pictures, because they share a broker and its limits.

    `acquire` a frame, `send` the `fitting` parts of it, release it, and `confirm` the bytes that
    `send` returned as untried.
    """

    def __init__(self, frames, session, settings, log):
        self._frames = frames
        self._session = session
        self._settings = settings
        self._log = log
        self._accepted = LargestAccepted()
        self._budget = Budget()
        self.parts = whole  # returns the parts of a frame's JPEG to send

    async def acquire(self, lease, expose=None):
        """Lease a new frame of the size and quality that the budget allows; raises OSError.

        `expose(lease)` replaces `lease.acquire()`.
        """
        self._accepted.probe(self._log.uptime_s())
        self._budget.choose(self._frames.usual, self.max_bytes)
        lease.renewed()
        lease.size, lease.quality = self._budget.size, self._budget.quality
        try:
            await (expose(lease) if expose else lease.acquire())
        except OSError:
            if lease.refused and lease.size:
                self._budget.exclude(lease.size)
            raise

    def fitting(self, frame):
        """Return the parts of the JPEG to send, None if it is larger than the budget."""
        parts = self.parts(frame)
        return parts if self._budget.fits(frame.size, frame.quality, size_of(parts)) else None

    async def send(self, topic, parts, retain):
        """Publish a picture; return its size if the broker has to confirm it, else 0.

        Such a size is untried on this link. Raises OSError.
        """
        size = size_of(parts)
        untried = size if self._accepted.is_untried(size, self._session.connects) else 0
        payload = parts[0]
        if len(parts) > 1:
            payload = Pieces(size, len(parts), lambda number: parts[number])
        try:
            await self._session.publish(topic, payload, retain)
        except OSError:
            self._note_lost(untried)
            raise
        return untried

    async def confirm(self, untried, response):
        """Await `response`, which raises OSError if the link ends before the broker responds."""
        try:
            await response
        except OSError:
            self._note_lost(untried)
            raise
        if untried:
            self._accepted.note_accepted(untried)

    @property
    def max_bytes(self):
        """Size of the largest picture to send; 0: any."""
        known, learned = self._settings["pubmaxbytes"], self._accepted.max_bytes
        return min(known, learned) if known and learned else known or learned

    def _note_lost(self, untried):
        if untried and self._accepted.note_lost(untried, self._log.uptime_s()):
            text = "the broker ends the link on pictures of {} bytes; sending up to {} bytes"
            accepted = self._accepted
            self._log.error("mqtt", text.format(accepted.refused_bytes, accepted.max_bytes))

    # For people

    def forget_limit(self):
        """Try all sizes again, because the broker may be another one."""
        self._accepted.forget()

    def limited(self):
        """Return the limit in force and its reason as text, "" without a limit."""
        refused, budget = self._accepted.refused_bytes, self._budget
        if not budget.max_bytes:
            return ""
        text = "pictures up to {} bytes".format(budget.max_bytes)
        if budget.size:
            text += " ({}, quality {})".format(budget.size, budget.quality)
        if refused:
            text += " because the broker ends the link on {} bytes".format(refused)
        return text

    def figures(self):
        """Return the telemetry of size and quality, and of their limits."""
        size, quality = self._frames.usual
        budget = self._budget
        return {
            "Size": budget.size or size,
            "Quality": quality if budget.quality is None else budget.quality,
            "MaxBytes": budget.max_bytes,
            "RefusedBytes": self._accepted.refused_bytes,
        }
