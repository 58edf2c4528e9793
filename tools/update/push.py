"""Send an update to a camera through its broker, and wait until it runs."""

import contextlib
import json

from brokerlink import REPLY_S, BrokerLink
from progress import CONSOLE, Bar
from update.errors import UpdateError


class Push:
    """Update of one camera through one broker; a context manager."""

    def __init__(self, args):
        self._timeout_s = args.patience
        self._reply_s = min(REPLY_S, args.patience)
        self._link = BrokerLink(args, self._reply_s)

    def __enter__(self):
        self._link.__enter__()
        return self

    def __exit__(self, *how):
        self._link.__exit__(*how)

    def run(self, update, force=False, confirm=False):
        """Send an update and wait until it runs; raise UpdateError."""
        link = self._link
        CONSOLE.print(f"{link.device} replies on {link.find_topic()}")
        link.subscribe("stat", "ota", "mqttotastart", "mqttotaconfirm")
        self._start(force)
        with Bar(update.name, len(update.data)) as bar:
            link.publish(link.name("OTA", "data", link.device), update.data)
            link.wait(lambda m: self._ended(m, bar), 2 * self._timeout_s + 600)
        CONSOLE.print("installed; the camera restarts")
        peer = "the restarted camera"
        if not (update.project and update.version):
            peer = "the new firmware, which may not contain the application,"
        state = link.wait(self._started(update), self._timeout_s, peer)
        if confirm and state != "confirmed":
            link.command("mqttotaconfirm", "1")
            link.wait(self._reply("mqttotaconfirm", ("Confirmed", "OTA image")), self._reply_s)
            state = "confirmed"
        CONSOLE.print(f"{update.name} runs, {state}" + _hint(state))

    def _start(self, force):
        self._link.command("mqttotastart", "force" if force else "1")
        self._link.wait(self._reply("mqttotastart", ("on",)), self._reply_s)

    def _reply(self, name, good):
        """Return a matcher for the reply to a command, which must begin with one of `good`."""

        def match(message):
            if message.topic != self._link.name("stat", name):
                return None
            text = message.payload.decode(errors="replace")
            if not text.startswith(good):
                raise UpdateError(f"the camera refuses: {text}")
            return text

        return match

    def _ended(self, message, bar):
        """Return true once all is written; until then show the progress."""
        if message.topic == self._link.name("stat", "mqttotastart") and message.payload == b"off":
            raise UpdateError("the camera has cancelled the update")
        report = self._report(message)
        if not report or message.retain:
            return None
        if report["state"] == "failed":
            raise UpdateError("the camera refuses: " + report["reason"])
        bar.show(report.get("bytes"))
        if report.get("lost"):
            CONSOLE.print("forced although " + report["lost"])
        return report["state"] == "installed" or None

    def _started(self, update):
        """Return a matcher for the report of the restarted camera, which returns its state."""

        def match(message):
            report = self._report(message)
            if not report or message.retain or report["state"] == "installed":
                return None
            if report["state"] in ("trial", "confirmed") and report["version"] == update.version:
                return report["state"]
            reason = report.get("reason", f"{report.get('version')} runs")
            raise UpdateError(f"{report['state']}: {reason}")

        return match

    def _report(self, message):
        """Return the JSON of an update report, None for another message."""
        if message.topic != self._link.name("stat", "ota"):
            return None
        with contextlib.suppress(ValueError):
            return json.loads(message.payload)
        return None


def _hint(state):
    if state == "confirmed":
        return ""
    return "; confirm it (mqttotaconfirm 1), or the next restart brings back the old one"
