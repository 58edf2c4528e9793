"""Leases and sends pictures that are small enough for the broker and for `pubmaxbytes`."""

from app.mqtt.budget import Budget, LargestAccepted
from proto.jpeg import size_of, whole
from proto.mqtt import Pieces


class PictureSender:
    """One for all that publish pictures, because they share a broker and its limits.

    `acquire` a frame, `send` the `fitting` parts of it, release it, and `confirm` what `send`
    returned as untried.
    """

    def __init__(self, frames, session, settings, log):
        self._frames = frames
        self._session = session
        self._settings = settings
        self._log = log
        self._accepted = LargestAccepted()
        self._budget = Budget()
        self._on_their_way = []  # untried pictures of all tasks: (size, number of the link)
        self.parts = whole  # returns the parts of a frame's JPEG to send

    async def acquire(self, lease, expose=None):
        """Lease a new frame of the size and quality that the budget allows; raises OSError.

        `expose(lease)` replaces `lease.acquire()`.
        """
        self._budget.choose(self._frames.usual, self.probe())
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
        """Publish a picture; return what the broker has to confirm, None if it need not.

        Such a size is untried on this link. Raises OSError.
        """
        size, link = size_of(parts), self._session.connects
        untried = (size, link) if self._accepted.is_untried(size, link) else None
        payload = parts[0]
        if len(parts) > 1:
            payload = Pieces(size, len(parts), lambda number: parts[number])
        if untried:
            self._on_their_way.append(untried)
        try:
            await self._session.publish(topic, payload, retain)
        except BaseException as e:
            self._note_end(untried, isinstance(e, OSError))
            raise
        return untried

    async def confirm(self, untried, response):
        """Await `response`, which raises OSError if the link ends before the broker responds."""
        try:
            await response
        except BaseException as e:
            self._note_end(untried, isinstance(e, OSError))
            raise
        if untried:
            self._note_end(untried, False)
            self._accepted.note_accepted(untried[0])

    @property
    def max_bytes(self):
        """Size of the largest picture to send; 0: any."""
        known, learned = self._settings["pubmaxbytes"], self._accepted.max_bytes
        return min(known, learned) if known and learned else known or learned

    def _note_end(self, untried, is_lost):
        """Note that a picture is no longer on its way; a lost link counts once, on the largest."""
        if untried not in self._on_their_way:  # it has counted with another picture
            return
        if not is_lost:
            self._on_their_way.remove(untried)
            return
        link = untried[1]
        size = max([each[0] for each in self._on_their_way if each[1] == link])
        self._on_their_way = [each for each in self._on_their_way if each[1] != link]
        if self._accepted.note_lost(size, self._log.uptime_s()):
            text = "the broker ends the link on pictures of {} bytes; sending up to {} bytes"
            accepted = self._accepted
            self._log.error("mqtt", text.format(accepted.refused_bytes, accepted.max_bytes))

    def probe(self):
        """Return `max_bytes`; after a pause, it allows larger pictures again."""
        self._accepted.probe(self._log.uptime_s())
        return self.max_bytes

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
        if refused > budget.max_bytes:  # else it tries a larger one again
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
