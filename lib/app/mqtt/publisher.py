"""Publishes a fresh picture every `pubinterval` seconds."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from app.mqtt.budget import Budget, LargestAccepted
from config import limits
from proto.jpeg import size_of, whole
from proto.mqtt import Pieces
from proto.reasons import describe

_POLL_MS = const(500)  # a changed interval takes effect this soon


class TooLarge(OSError):
    """No picture is small enough for the broker, or for `pubmaxbytes`."""


class ImagePublisher:
    """Publishes while the broker is up; drops pictures that cannot be sent."""

    def __init__(self, frames, session, settings, topic, log, lamp):
        self._frames = frames
        self._lease = frames.fresh()  # one for all pictures: nothing is allocated for each
        self._session = session
        self._settings = settings
        self._topic = topic
        self._log = log
        self._lamp = lamp
        self.schedule = None  # Schedule; None: pictures are published at all times
        self.privacy = None  # Privacy; None: nothing ever withholds the pictures
        self.parts = whole  # function of a frame: what is sent of it
        self.meta = None  # Meta; None: pictures are not described
        self.sinks = []  # others that take its pictures: wants(), take(frame)
        self._accepted = LargestAccepted()
        self._budget = Budget()
        self._requested = ""  # by what, or ""
        self._trigger = ""  # of the picture that is being published
        self.sent = self.dropped = self.sent_bytes = 0
        self.last_bytes = 0  # of the last picture that was sent

    def request(self, trigger="command"):
        """Publish one picture as soon as possible; its metadata names the trigger."""
        self._requested = trigger

    def cmd_capture(self, argument):
        if self._is_private():
            return "no picture: " + self.privacy.reason
        self.request()
        return "capturing" if self._session.up.is_set() or self._others() else "no broker"

    async def run(self):
        last = ticks_ms()
        while True:
            interval_ms = 1_000 * self._settings["pubinterval"]
            left = interval_ms - ticks_diff(ticks_ms(), last)
            if self._requested or (interval_ms and left <= 0):
                last = ticks_ms() if self._requested or left < -interval_ms else last + interval_ms
                is_wanted = self._requested or not (self.schedule and self.schedule.closed)
                self._trigger, self._requested = self._requested or "interval", ""
                if is_wanted and not self._is_private():
                    await self._take()
            elif interval_ms:
                await asyncio.sleep_ms(min(left, _POLL_MS))
            else:
                last = ticks_ms()  # ticks that are more than 6 days apart cannot be compared
                await asyncio.sleep_ms(_POLL_MS)

    async def _take(self):
        """Take a picture for the broker, or without one for those that want it, too."""
        if self._session.up.is_set():
            await self._publish()
        elif self._others():
            try:
                await self._acquire()
            except OSError as e:
                self._log.debug("mqtt", "no picture: {}", describe(e))
                return
            try:
                self._offer()
            finally:
                self._lease.release()

    def _is_private(self):
        return bool(self.privacy and self.privacy.on)

    def _others(self):
        """Return True if a sink other than the broker wants a picture."""
        return any([sink.wants() for sink in self.sinks])

    def _offer(self):
        """Offer the frame that is held to the other sinks."""
        for sink in self.sinks:
            sink.take(self._lease.frame)

    async def _publish(self):
        try:
            for _ in range(limits.MQTT_PICTURES_OVER):
                if await self._publish_one():
                    return
            raise TooLarge("no picture has at most {} bytes".format(self._budget.max_bytes))
        except OSError as e:  # no link, no picture, or none that is small enough
            self.dropped += 1
            self._log.debug("mqtt", "picture dropped: {}", describe(e))

    async def _publish_one(self):
        """Publish a new picture; return False if it was larger than the budget."""
        await self._acquire()
        frame = self._lease.frame
        untried = False
        try:
            parts = self.parts(frame)
            size = size_of(parts)
            if not self._budget.fits(frame.size, frame.quality, size):
                return False
            self._offer()
            if self.meta:
                await self.meta.publish(frame, parts, self._trigger)
            untried = self.is_untried(size)
            retain = bool(self._settings["retain"])
            payload = parts[0]
            if len(parts) > 1:
                payload = Pieces(size, len(parts), lambda number: parts[number])
            await self._session.publish(self._topic, payload, retain)
        except OSError:
            if untried:
                self.note_lost(size)
            raise
        finally:
            self._lease.release()
        if untried:
            await self._confirm(size)
        self.sent += 1
        self.sent_bytes += size
        self.last_bytes = size
        return True

    async def _acquire(self):
        """Lease a new frame of the size and quality that the budget allows."""
        self._budget.choose(self._frames.usual, self._max_bytes())
        lease = self._lease.renewed()
        lease.size, lease.quality = self._budget.size, self._budget.quality
        try:
            await self._lit(lease)
        except OSError:
            if lease.refused and lease.size:
                self._budget.exclude()
            raise

    async def _lit(self, lease):
        """Acquire a frame, exposed with the flash if the setting requires it."""
        if not self._settings["flash"]:
            await lease.acquire()
            return
        self._lamp.flash(True)
        try:
            await asyncio.sleep_ms(self._settings["flashlead"])
            await lease.renewed().acquire()
        finally:
            self._lamp.flash(False)

    def _max_bytes(self):
        """Return the size of the largest picture to send; 0: any."""
        if self._accepted.max_bytes:
            self._accepted.probe(self._log.uptime_s())
        return self.max_bytes

    @property
    def max_bytes(self):
        """Size of the largest picture that the broker gets; 0: any."""
        known, learned = self._settings["pubmaxbytes"], self._accepted.max_bytes
        return min(known, learned) if known and learned else known or learned

    async def _confirm(self, size):
        """Wait until the broker has responded after a picture of this size."""
        try:
            await self._session.confirm()
        except OSError:
            self.note_lost(size)
            raise
        self.note_accepted(size)

    # What the broker accepts, also for others that send pictures

    def is_untried(self, size):
        """Return True if the broker has not yet responded after such a picture on this link."""
        return self._accepted.is_untried(size, self._session.connects)

    def note_accepted(self, size):
        """Note that the broker has responded after a picture of this size."""
        self._accepted.note_accepted(size)

    def note_lost(self, size):
        """Note that the link was lost on a picture of a size that was untried on it."""
        if self._accepted.note_lost(size, self._log.uptime_s()):
            text = "the broker ends the link on pictures of {} bytes; sending up to {} bytes"
            accepted = self._accepted
            self._log.error("mqtt", text.format(accepted.refused_bytes, accepted.max_bytes))

    # For people

    def forget_limit(self):
        """Try all sizes again, because the broker may be another one."""
        self._accepted.forget()

    def limited(self):
        """Return the sizes that the broker refuses and gets as text, "" without a limit."""
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
        """Return the telemetry of the pictures."""
        size, quality = self._frames.usual
        budget = self._budget
        return {
            "Size": budget.size or size,
            "Quality": quality if budget.quality is None else budget.quality,
            "Bytes": self.last_bytes,
            "MaxBytes": budget.max_bytes,
            "RefusedBytes": self._accepted.refused_bytes,
        }
