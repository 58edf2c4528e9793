"""State of updates for hubs, with the keys that Home Assistant's update entity reads.

https://www.home-assistant.io/integrations/update.mqtt/
"""

import asyncio
import json

from config import limits, product
from proto.values import confirmed


class UpdateState:
    """Publishes `stat/<topic>/update` whenever it changes, at most once a second.

    `changed(source)` is that of app.mqtt.states, which publishes the reply to `update`.
    """

    def __init__(self, settings, releases, updater, report, trial, changed, poll_ms=1_000):
        self._settings = settings
        self._releases = releases
        self._updater = updater
        self._report = report
        self._trial = trial
        self._changed = changed
        self._poll_ms = poll_ms

    async def run(self):
        shown = None
        while True:
            state = self._state()
            if state != shown:
                self._changed("update")
                shown = state
            await asyncio.sleep_ms(self._poll_ms)

    def cmd_update(self, argument):
        """Return the state as JSON; 1 also fetches the manifest soon."""
        if argument:
            confirmed(argument, "look for a new release")
            self._releases.request()
        return json.dumps(self._state())

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
