"""State of updates for hubs, with the keys that Home Assistant's update entity reads.

https://www.home-assistant.io/integrations/update.mqtt/
"""

import asyncio
import json

from micropython import const

from config import limits, product
from proto.values import confirmed

_POLL_MS = const(250)


class UpdateState:
    """Publishes `stat/<topic>/update` when it changes; the progress at most once a second.

    `changed(source)` is that of app.mqtt.states, which publishes the reply to `update`.
    """

    def __init__(self, settings, releases, updater, report, trial, changed):
        self._settings = settings
        self._releases = releases
        self._updater = updater
        self._report = report
        self._trial = trial
        self._changed = changed

    async def run(self):
        shown, left_ms = (None,), 0
        while True:
            facts = self._facts()
            if facts != shown and (left_ms <= 0 or facts[0] != shown[0]):
                self._changed("update")
                shown, left_ms = facts, limits.UPDATE_REPORT_MS
            await asyncio.sleep_ms(_POLL_MS)
            left_ms -= _POLL_MS

    def cmd_update(self, argument):
        """Return the state as JSON; 1 also fetches the manifest soon."""
        if argument:
            confirmed(argument, "look for a new release")
            self._releases.request()
        return json.dumps(self._state())

    def _facts(self):
        """Return what the state depends on; first whether an update is under way."""
        releases = self._releases
        known = releases.latest, releases.summary, releases.url, self._settings["otaurl"]
        in_progress, report = self._updater.state != "idle", self._report
        return in_progress, report.percent, report.failure, self._trial.notice, known

    def _state(self):
        in_progress = self._updater.state != "idle"
        is_set = bool(self._settings["otaurl"])
        return {
            "installed_version": product.VERSION,
            "latest_version": self._releases.latest if is_set else product.VERSION,
            "title": product.NAME,
            "release_summary": self._summary(),
            "release_url": self._releases.url,
            "in_progress": in_progress,
            "update_percentage": self._report.percent if in_progress else None,
        }

    def _summary(self):
        """Return the summary, after what happened to the last update; None without either."""
        parts = self._trial.notice, self._report.failure, self._releases.summary
        text = "\n".join(filter(None, parts))
        most = limits.UPDATE_SUMMARY_CHARS
        return (text if len(text) <= most else text[: most - 3] + "...") or None
