"""Publishes a fresh picture every `pubinterval` seconds."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from app.mqtt.sender import PictureSender
from config import limits
from proto.jpeg import size_of
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
        self.meta = None  # Meta; None: pictures are not described
        self.sinks = []  # others that take its pictures: wants(), take(frame)
        self.sender = PictureSender(frames, session, settings, log)
        self._requested = ""  # by what, or ""
        self._trigger = ""  # of the picture that is being published
        self.sent = self.dropped = self.sent_bytes = 0
        self.last_bytes = 0  # of the last picture that was sent

    def request(self, trigger="command"):
        """Publish one picture as soon as possible; its metadata names the trigger."""
        self._requested = trigger

    def request_due(self, trigger):
        """Do as `request`, unless pictures pause at this time of day."""
        if not (self.schedule and self.schedule.closed):
            self.request(trigger)

    @property
    def pending(self):
        """True until a requested picture has been published or dropped."""
        return bool(self._requested or self._trigger)

    def cmd_capture(self, argument):
        if self._is_private():
            return "no picture: " + self.privacy.reason
        self.request()
        return "capturing" if self._session.up.is_set() or self._others() else "no broker"

    async def run(self):
        last, settings = ticks_ms(), self._settings
        while True:
            # with deep sleep, there is one picture after each wake
            interval_ms = 0 if settings["deepsleep"] else 1_000 * settings["pubinterval"]
            left = interval_ms - ticks_diff(ticks_ms(), last)
            if self._requested or (interval_ms and left <= 0):
                last = ticks_ms() if self._requested or left < -interval_ms else last + interval_ms
                is_wanted = self._requested or not (self.schedule and self.schedule.closed)
                self._trigger, self._requested = self._requested or "interval", ""
                try:
                    if is_wanted and not self._is_private():
                        await self._take()
                finally:
                    self._trigger = ""
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
            raise TooLarge("no picture has at most {} bytes".format(self.sender.max_bytes))
        except OSError as e:  # no link, no picture, or none that is small enough
            self.dropped += 1
            self._log.debug("mqtt", "picture dropped: {}", describe(e))

    async def _publish_one(self):
        """Publish a new picture; return False if it was larger than the budget."""
        await self._acquire()
        frame = self._lease.frame
        try:
            parts = self.sender.fitting(frame)
            if not parts:
                return False
            size = size_of(parts)
            self._offer()
            if self.meta:
                await self.meta.publish(frame, parts, self._trigger)
            retain = bool(self._settings["retain"])
            untried = await self.sender.send(self._topic, parts, retain)
        finally:
            self._lease.release()
        if untried:
            await self.sender.confirm(untried, self._session.confirm())
        self.sent += 1
        self.sent_bytes += size
        self.last_bytes = size
        return True

    def _acquire(self):
        """Lease a new frame (a coroutine)."""
        return self.sender.acquire(self._lease, self._lit)

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

    def figures(self):
        """Return the telemetry of the pictures."""
        figures = self.sender.figures()
        figures["Bytes"] = self.last_bytes
        return figures
