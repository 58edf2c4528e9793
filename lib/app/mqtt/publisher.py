"""Publishes a fresh picture every `pubinterval` seconds."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from config import limits
from proto.reasons import describe

_POLL_MS = const(500)  # a changed interval takes effect this soon


class TooLarge(OSError):
    """The broker closes the link on pictures of this size."""


class SizeLimit:
    """Learns which sizes a broker does not accept: it closes the link, and gives no reason.

    On each link, a size is untried until the broker has responded after a picture of it.
    """

    def __init__(self, log):
        self._log = log
        self.forget()

    def forget(self):
        """Try all sizes again, because the broker may be another one."""
        self._link = self._taken = 0  # number of the link, largest picture answered on it
        self._lost = self._smallest = 0  # links lost in a row, smallest picture that lost one
        self._hold_s = self._until_s = 0

    def check(self, size, link):
        """Raise TooLarge for a picture that is held back."""
        if link != self._link:
            self._link, self._taken = link, 0
        if self._lost >= limits.MQTT_LOST_LINKS and size >= self._smallest:
            if self._log.uptime_s() < self._until_s:
                raise TooLarge("the link ends on pictures of {} bytes".format(self._smallest))

    def is_untried(self, size):
        return size > self._taken

    def note_taken(self, size):
        """Note that the broker has responded after a picture."""
        self._taken = max(size, self._taken)
        if size >= self._smallest:
            self._lost = self._smallest = self._hold_s = 0

    def note_lost(self, size):
        """Note that the link was lost on a picture."""
        self._lost += 1
        self._smallest = min(size, self._smallest or size)
        if self._lost >= limits.MQTT_LOST_LINKS:
            self._hold_s = min(2 * self._hold_s or limits.MQTT_HELD_S, limits.MQTT_HELD_LONGEST_S)
            self._until_s = self._log.uptime_s() + self._hold_s
            text = "the link ends on pictures of {} bytes; for {} s, only smaller ones are sent"
            self._log.error("mqtt", text.format(self._smallest, self._hold_s))


class ImagePublisher:
    """Publishes while the broker is up; drops pictures that cannot be sent."""

    def __init__(self, frames, session, settings, topic, log, lamp):
        self._lease = frames.fresh()  # one for all pictures: nothing is allocated for each
        self._session = session
        self._settings = settings
        self._topic = topic
        self._log = log
        self._lamp = lamp
        self.schedule = None  # Schedule; None: pictures are published at all times
        self.sinks = []  # others that take its pictures: wants(), take(frame)
        self.limit = SizeLimit(log)
        self._requested = False
        self.sent = self.dropped = self.sent_bytes = 0

    def request(self):
        """Publish one picture as soon as possible."""
        self._requested = True

    def cmd_capture(self, argument):
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
                self._requested = False
                if is_wanted:
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
                await self._shoot()
                self._lease.release()
            except OSError as e:
                self._log.debug("mqtt", "no picture: {}", describe(e))

    def _others(self):
        """Return True if a sink other than the broker wants a picture."""
        return any([sink.wants() for sink in self.sinks])

    async def _shoot(self):
        """Hold a fresh frame, and offer it to the other sinks; return it."""
        frame = await self._lit()
        for sink in self.sinks:
            sink.take(frame)
        return frame

    async def _lit(self):
        """Hold a fresh frame, exposed with the flash if the setting requires it; return it."""
        if not self._settings["flash"]:
            return await self._lease.renewed().acquire()
        self._lamp.flash(True)
        try:
            await asyncio.sleep_ms(self._settings["flashlead"])
            return await self._lease.renewed().acquire()
        finally:
            self._lamp.flash(False)

    async def _publish(self):
        untried = 0  # size of a picture on which the link may be lost
        try:
            frame = await self._shoot()
            size = len(frame.view)
            try:
                self.limit.check(size, self._session.connects)
                untried = size if self.limit.is_untried(size) else 0
                retain = bool(self._settings["retain"])
                await self._session.publish(self._topic, frame.view, retain)
            finally:
                self._lease.release()
            if untried:
                await self._session.confirm()
                self.limit.note_taken(size)
            self.sent += 1
            self.sent_bytes += size
        except OSError as e:  # no link, no picture, or one that is held back
            self.dropped += 1
            if untried:
                self.limit.note_lost(untried)
            self._log.debug("mqtt", "picture dropped: {}", describe(e))
