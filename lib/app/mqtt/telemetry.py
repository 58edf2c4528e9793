"""Telemetry: `tele/<topic>/STATE` as JSON, every `teleperiod` seconds and on request."""

import asyncio
import json

from micropython import const

from app.identity import micropython_version
from config import product

_POLL_MS = const(1_000)
_LONGEST_S = const(3_600)  # the longest `teleperiod`


class Telemetry:
    """Publishes the state; `collect()` returns the components' part of the JSON, a dict."""

    def __init__(self, session, settings, topics, clock, log, collect):
        self._session = session
        self._settings = settings
        self._topics = topics
        self._clock = clock
        self._log = log
        self._collect = collect
        self._requested = False

    def request(self):
        """Publish soon, regardless of the period."""
        self._requested = True

    @property
    def pending(self):
        """True until a requested report is published."""
        return self._requested

    def state(self):
        """Return the JSON text."""
        uptime_s = self._log.uptime_s()
        state = {
            "Time": self._clock.iso(),
            "Uptime": "{}T{:02d}:{:02d}:{:02d}".format(
                uptime_s // 86_400, uptime_s // 3_600 % 24, uptime_s // 60 % 60, uptime_s % 60
            ),
            "UptimeSec": uptime_s,
            "Version": product.VERSION,
            "MicroPython": micropython_version(),
        }
        state.update(self._collect())
        return json.dumps(state)

    async def run(self):
        waited_s = _LONGEST_S  # the first report is due on connect
        while True:
            period_s = self._settings["teleperiod"]
            if self._session.up.is_set() and (self._requested or 0 < period_s <= waited_s):
                self._requested = False
                waited_s = 0
                await self._publish()
            await asyncio.sleep_ms(_POLL_MS)
            waited_s += _POLL_MS // 1_000

    async def _publish(self):
        try:
            payload = self.state().encode()
            retain = bool(self._settings["retain"])
            await self._session.publish(self._topics.tele("STATE"), payload, retain)
        except (OSError, MemoryError):  # the link is lost, or memory is; the next report is newer
            pass
