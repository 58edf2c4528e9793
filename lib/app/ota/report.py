"""Reports on `stat/<topic>/ota`, as JSON: the progress of an update, and its result."""

import json

from proto.reasons import describe


class Report:
    """Publishes progress, and results retained; a result waits for the broker.

    `percent` is the progress, None if unknown; `failure` says why the last update failed, or "".
    """

    def __init__(self, session, topics, log):
        self._session = session
        self._topics = topics
        self._log = log
        self._unsent = None  # the newest result that no broker has received
        self.begin()

    def begin(self):
        """Forget the last update, because another one begins."""
        self.percent = None
        self.failure = ""

    async def progress(self, done, total):
        """Publish the bytes written of `total`, which is 0 if unknown."""
        percent = self.percent = 100 * done // total if total else None
        await self._publish(_json("writing", percent=percent, bytes=done, total=total or None))

    async def result(self, state, **details):
        """Publish the result of an update, now or as soon as there is a broker."""
        self._unsent = _json(state, **details)
        await self._send()

    async def failed(self, error):
        """Log and publish the reason why an update was refused or failed."""
        reason = describe(error) if isinstance(error, OSError) else str(error) or repr(error)
        self._log.error("update", reason)
        self.failure = "The last update failed: " + reason
        await self.result("failed", reason=reason)

    async def flush(self):
        """Publish the result that no broker has received, if there is one."""
        if self._unsent and self._session.up.is_set():
            await self._send()

    async def _send(self):
        payload, self._unsent = self._unsent, None
        if not await self._publish(payload, True):
            self._unsent = self._unsent or payload  # a newer one may have come meanwhile

    async def _publish(self, payload, retain=False):
        """Return True once the message is on its way to the broker."""
        try:
            await self._session.publish(self._topics.stat("ota"), payload, retain)
            return True
        except OSError:  # there is no broker, or the link went down
            return False


def _json(state, **details):
    details["state"] = state
    return json.dumps(details).encode()
