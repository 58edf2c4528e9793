"""Posts each published picture to a web server, independently of the broker."""

import asyncio

from micropython import const

from app.webclient import WebClient, is_verified
from config import limits
from proto.httpreply import REDIRECTS
from proto.jpeg import size_of, whole
from proto.reasons import describe
from proto.uri import parse_url
from proto.values import BadArgument

_BUFFER = const(1_024)  # for the head of the response; its body is not read


class HTTPPush:
    """Posts the newest picture that it is given; those that come meanwhile are dropped.

    `reason` is "" after a success, else it says why the last picture was not accepted.
    """

    def __init__(
        self,
        frames,
        connector,
        settings,
        wifi_up,
        clock,
        log,
        attempts=limits.PUSH_ATTEMPTS,
        pause_ms=limits.PUSH_PAUSE_MS,
    ):
        self._frames = frames
        self._settings = settings
        self._wifi_up = wifi_up
        self._clock = clock
        self._log = log
        self._attempts = attempts
        self._pause_ms = pause_ms
        self._client = WebClient(connector, settings, bytearray(_BUFFER), limits.PUSH_STALL_MS)
        self._lease = frames.fresh()
        self.parts = whole  # returns the parts of a frame's JPEG to send
        self._given = asyncio.Event()
        self._holds = False
        self._task = None  # that runs `run`
        self._gives_up = False
        self.sent = self.failed = self.dropped = 0
        self.reason = ""

    def wants(self):
        """Return True if a picture would be posted."""
        return bool(self._settings["pushurl"] and self._wifi_up.is_set())

    def take(self, frame):
        """Post a frame that the caller holds, unless another one is still being posted."""
        if not self.wants():
            return
        if self._holds:
            self.dropped += 1
            return
        self._frames.share(frame, self._lease)
        self._holds = True
        self._given.set()

    def drop_pictures(self):
        """Give up the picture that is being posted, if there is one."""
        if self._holds and self._task and not self._gives_up:
            self._gives_up = True
            self._task.cancel()

    async def run(self):
        self._task = asyncio.current_task()
        try:
            while True:
                try:
                    await self._given.wait()
                    await self._post_in_turn()
                except asyncio.CancelledError:
                    if not self._gives_up:
                        raise
                    self._gives_up = False
                    self._release()
                self._given.clear()
        finally:
            self._task = None
            self._release()

    def figures(self):
        """Return the telemetry."""
        return {"Sent": self.sent, "Failed": self.failed, "Reason": self.reason}

    async def _post_in_turn(self):
        """Post the frame, and again after faults that may pass."""
        try:
            for left in range(self._attempts - 1, -1, -1):
                try:
                    await self._post()
                    self._note("")
                    return
                except (OSError, BadArgument) as e:
                    if not left or not _may_pass(e):
                        self._note(describe(e))
                        return
                await asyncio.sleep_ms(self._pause_ms)
        finally:
            self._client.close()
            self._release()

    async def _post(self):
        """Send the picture; raises OSError or BadArgument with the reason."""
        url = parse_url(self._settings["pushurl"])
        if url.tls and is_verified(self._settings) and not self._clock.set.is_set():
            raise BadArgument("certificates need the time, and no time server has answered")
        frame = self._lease.frame
        parts = self.parts(frame)
        headers = ["Content-Type: image/jpeg", "Content-Length: {}".format(size_of(parts))]
        if self._clock.knew(frame.time_ns):
            headers.append("X-Timestamp: " + frame.timestamp())
        if self._settings["pushheader"]:
            headers.append(self._settings["pushheader"])
        reply = await self._client.request("POST", url, headers, parts, limits.PUSH_MS)
        if not 200 <= reply.status < 300:
            raise Refused(reply)

    def _release(self):
        if self._holds:
            self._holds = False
            self._lease.release()

    def _note(self, reason):
        """Count a success or a failure; log only changes."""
        if reason:
            self.failed += 1
        else:
            self.sent += 1
        if reason != self.reason:
            self.reason = reason
            if reason:
                self._log.error("push", reason)
            else:
                self._log.info("push", "pictures are accepted")


class Refused(OSError):
    """The server does not accept the picture."""

    def __init__(self, reply):
        text = "; set pushurl to its new address" if reply.status in REDIRECTS else ""
        super().__init__(str(reply) + text)
        self.status = reply.status


def _may_pass(error):
    """Return True for a fault that another attempt can overcome."""
    if isinstance(error, Refused):
        return error.status >= 500 or error.status in (408, 425, 429)
    return isinstance(error, OSError)
