"""The main job: a fresh picture to the broker every `pubinterval` seconds."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

_LOOK_MS = const(500)  # a changed interval is felt this soon


class ImagePublisher:
    """Publishes while the broker is up; what cannot be sent is dropped, the next one is newer."""

    def __init__(self, frames, session, settings, topic):
        self._lease = frames.fresh()  # one for all pictures: they cost no heap
        self._session = session
        self._settings = settings
        self._topic = topic
        self._now = False
        self.sent = self.dropped = 0

    def ask(self):
        """Publish one picture as soon as may be."""
        self._now = True

    def cmd_capture(self, argument):
        self.ask()
        return "capturing" if self._session.up.is_set() else "no broker"

    async def run(self):
        last = ticks_ms()
        while True:
            interval_ms = 1_000 * self._settings["pubinterval"]
            left = interval_ms - ticks_diff(ticks_ms(), last)
            if self._now or (interval_ms and left <= 0):
                last = ticks_ms() if self._now or left < -interval_ms else last + interval_ms
                self._now = False
                if self._session.up.is_set():
                    await self._publish()
            elif interval_ms:
                await asyncio.sleep_ms(min(left, _LOOK_MS))
            else:
                last = ticks_ms()  # they tell no more than 6 days apart
                await asyncio.sleep_ms(_LOOK_MS)

    async def _publish(self):
        try:
            frame = await self._lease.renewed().take()
            try:
                await self._session.publish(self._topic, frame.view, retain=True)
            finally:
                self._lease.release()
            self.sent += 1
        except OSError:  # the link went, or the camera gave nothing: the next one is newer
            self.dropped += 1
