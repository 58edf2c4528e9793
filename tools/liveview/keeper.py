"""Keeps the camera's live view running while there are viewers."""

import contextlib
import json
import time

from brokerlink import REPLY_S, BrokerError

_SHOW_S = 30  # requested at a time, so that it ends soon if this program dies
_RENEW_S = 10  # after that time
_RETRY_S = 2  # after a refusal or an early end; then it is requested again
_IDLE_S = 3  # without a viewer; then it ends
_ENDED = "ended by a command"  # of another program, perhaps
_AWAY = {b"Offline": "is offline", b"Sleeping": "sleeps"}  # last wills


class Keeper:
    """Sends `live`, and passes what the camera sends on to `newest`.

    It sends nothing while the camera or the broker is away: all of it would arrive afterwards.
    is_wanted: a function that returns true while there is a viewer. rate: pictures per second.
    """

    def __init__(self, link, newest, rate, is_wanted, clock=time.monotonic):
        self._link = link
        self._newest = newest
        self._rate = rate
        self._is_wanted = is_wanted
        self._clock = clock
        self._renew_at = self._wanted_at = clock()
        self._requested_at = None  # a command that has no reply yet
        self._runs = self._is_away = False
        self._takes = {
            link.name("data", "live"): self._take_picture,
            link.name("tele", "LIVE"): self._take_report,
            link.name("stat", "live"): self._take_reply,
            link.name("stat", "SYNTAX"): self._take_refusal,
            link.name("tele", "LWT"): self._take_will,
        }

    def subscribe(self):
        link = self._link
        link.subscribe("stat", "live", "SYNTAX")
        link.subscribe("tele", "LIVE", "LWT")
        link.subscribe("data", "live")

    def step(self, limit_s=0.2):
        """Send the command that is due, and process a message; raises BrokerError."""
        now = self._clock()
        if self._is_wanted():
            self._wanted_at = now
            if now >= self._renew_at and not self._link.up:
                self._requested_at = None
                self._newest.fail("The broker is away. The live view starts when it is back.")
            elif now >= self._renew_at and not self._is_away:
                self._renew_at = now + _RENEW_S
                self._requested_at = self._requested_at or now
                self._runs = True
                self._link.command("live", f"{_SHOW_S},{self._rate:g}")
        elif self._runs and now - self._wanted_at >= _IDLE_S:
            self.stop()
        if self._requested_at is not None and now - self._requested_at > REPLY_S:
            self._requested_at = None
            self._newest.fail("The camera does not respond.")
        message = self._link.next(limit_s)
        if message and message.topic in self._takes:
            self._takes[message.topic](message)

    def stop(self, limit_s=0):
        """End the live view, if it runs; wait for at most `limit_s` until the broker knows."""
        if not self._runs:
            return
        self._runs = False
        self._renew_at = self._clock()
        self._requested_at = None
        with contextlib.suppress(RuntimeError, ValueError):  # there is no link now
            self._link.command("live", "0").wait_for_publish(limit_s)

    def _take_picture(self, message):
        self._requested_at = None
        self._newest.put(message.payload)

    def _take_report(self, message):
        try:
            report = json.loads(message.payload)
            reason = report["Reason"]
            self._newest.describe(report)
        except (ValueError, KeyError, TypeError):
            return
        if reason and self._runs:
            self._renew_at = self._clock()
            if reason != _ENDED:
                self._newest.fail(f"The live view has ended: {reason}.")

    def _take_reply(self, message):
        if message.retain:
            return
        self._requested_at = None
        text = message.payload.decode(errors="replace")
        if not text.isdigit():
            self._refuse(text)

    def _refuse(self, reason):
        """Show the reason, and retry soon."""
        self._requested_at = None
        self._newest.fail(reason[:1].upper() + reason[1:] + ".")
        self._renew_at = self._clock() + _RETRY_S

    def _take_refusal(self, message):
        if self._requested_at is None or message.retain:
            return
        reason, _, commands = message.payload.decode(errors="replace").rpartition("\n")
        if reason.startswith("live: "):
            raise BrokerError(f"the camera refuses: {reason}")
        if commands.startswith("live: "):  # no list of commands follows: a retry may succeed
            self._refuse(commands.removeprefix("live: "))
        elif not reason and "capture" in (names := commands.split(", ")) and "live" not in names:
            raise BrokerError("the camera's firmware has no live view; update it")

    def _take_will(self, message):
        self._is_away = message.payload in _AWAY
        if self._is_away:
            self._requested_at = None
            state = _AWAY[message.payload]
            self._newest.fail(f"The camera {state}. The live view starts when it is back.")
        elif not message.retain:
            self._newest.problem = ""
            self._renew_at = self._clock()
