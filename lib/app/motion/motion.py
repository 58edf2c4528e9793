"""Motion: an event begins at the first sign of it, and ends some seconds after the last one."""

import asyncio
import json
from time import ticks_diff, ticks_ms

from micropython import const

from aio.tasks import finish

PICTURE, PIN = const(1), const(2)  # bits of the setting `motion`
_NAMES = {PICTURE: "picture", PIN: "pin"}
_POLL_MS = const(100)


class Motion:
    """Publishes `tele/<topic>/MOTION` when an event begins and ends, and on each connect.

    pictures: those around an event. `view` compares pictures, once `watch` has set it.
    """

    def __init__(self, settings, session, topics, clock, log, pictures):
        self._settings = settings
        self._session = session
        self._topic = topics.tele("MOTION")
        self._clock = clock
        self._log = log
        self.pictures = pictures
        self.view = self._pin = None
        self._seen_ms = 0  # ticks of the last sign
        self._published = None  # (number of the link, state) of the last message
        self._time = None  # of the last change of `on`
        self.on = False
        self.source = ""
        self.score = self.cells = 0  # the highest of the event
        self.events = 0

    def watch(self, view, pin):
        """Set the sources, which call `note`; each has run()."""
        self.view, self._pin = view, pin

    def note(self, source, score=0, cells=0):
        """Note a sign of motion: its source, the score 0..100, and how many cells changed."""
        self._seen_ms = ticks_ms()
        if not self.on:
            self.events += 1
            self.source, self.score, self.cells = _NAMES[source], 0, 0
            self._set(True)
            self.pictures.begin()
        self.score, self.cells = max(self.score, score), max(self.cells, cells)

    def _set(self, on):
        self.on = on
        self._time = self._clock.iso_if_set()
        self._log.debug("motion", "on ({})" if on else "off", self.source)

    @property
    def reason(self):
        """Why there are no pictures to compare; "" if nothing is wrong."""
        return self.view.reason

    def figures(self):
        """Return the telemetry."""
        return {
            "State": _state(self.on),
            "Events": self.events,
            "PicturesSent": self.pictures.sent,
            "Reason": self.reason,
        }

    async def run(self):
        self._published = None
        tasks = [asyncio.create_task(each.run()) for each in (self.view, self._pin)]
        sender = asyncio.create_task(self.pictures.run())
        try:
            while True:
                for task in tasks + [sender]:
                    if task.done():
                        await task  # raises its error
                self._check_end()
                await self._publish()
                await asyncio.sleep_ms(_POLL_MS)
        finally:
            await finish(*tasks)
            await self._end(sender)

    def _check_end(self):
        pause_ms = 1_000 * self._settings["motionpause"]
        if self.on and ticks_diff(ticks_ms(), self._seen_ms) >= pause_ms:
            self._set(False)

    async def _end(self, sender):
        """End the event, and a picture on its way: cancelling it would close the link."""
        self.pictures.stop()
        if self.on:
            self._set(False)
        try:
            await sender
        except Exception:  # raised by `run` already
            pass
        broker_has_on = bool(self._published and self._published[1])
        await self._publish(queue=broker_has_on)  # nothing publishes it later

    async def _publish(self, queue=False):
        """Publish the state if the broker does not have it; `queue` it while there is no link."""
        now, is_up = (self._session.connects, self.on), self._session.up.is_set()
        if now == self._published or not (is_up or queue):
            return
        message = {
            "State": _state(self.on),
            "Source": self.source,
            "Score": self.score,
            "Cells": self.cells,
            "Time": self._time,
        }
        retain = bool(self._settings["retain"])
        try:
            # at QoS 1 it outlives a lost link; without retain, the next one gets the state anyway
            qos = 1 if retain or not is_up else 0
            await self._session.publish(self._topic, json.dumps(message).encode(), retain, qos)
            self._published = now
        except OSError:  # the next link gets it
            pass


def _state(on):
    return "on" if on else "off"
