"""Publishes a fresh picture every `pubinterval` seconds."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from proto.reasons import describe

_POLL_MS = const(500)  # a changed interval takes effect this soon


class ImagePublisher:
    """Publishes while the broker is up; drops pictures that cannot be sent."""

    def __init__(self, frames, session, settings, topic, log):
        self._lease = frames.fresh()  # one for all pictures: nothing is allocated for each
        self._session = session
        self._settings = settings
        self._topic = topic
        self._log = log
        self._requested = False
        self.sent = self.dropped = self.sent_bytes = 0

    def request(self):
        """Publish one picture as soon as possible."""
        self._requested = True

    def cmd_capture(self, argument):
        self.request()
        return "capturing" if self._session.up.is_set() else "no broker"

    async def run(self):
        last = ticks_ms()
        while True:
            interval_ms = 1_000 * self._settings["pubinterval"]
            left = interval_ms - ticks_diff(ticks_ms(), last)
            if self._requested or (interval_ms and left <= 0):
                last = ticks_ms() if self._requested or left < -interval_ms else last + interval_ms
                self._requested = False
                if self._session.up.is_set():
                    await self._publish()
            elif interval_ms:
                await asyncio.sleep_ms(min(left, _POLL_MS))
            else:
                last = ticks_ms()  # ticks that are more than 6 days apart cannot be compared
                await asyncio.sleep_ms(_POLL_MS)

    async def _publish(self):
        try:
            frame = await self._lease.renewed().acquire()
            size = len(frame.view)
            try:
                await self._session.publish(
                    self._topic, frame.view, bool(self._settings["retain"])
                )
            finally:
                self._lease.release()
            self.sent += 1
            self.sent_bytes += size
        except OSError as e:  # no link, or no picture
            self.dropped += 1
            self._log.debug("mqtt", "picture dropped: {}", describe(e))
