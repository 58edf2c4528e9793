"""Deep sleep between pictures: wake, publish, wait for commands, sleep."""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from config import limits

ASLEEP = b"Sleeping"  # the state on the topic of the last will, instead of Offline
_POLL_MS = const(250)
_CLOSE_MS = const(20)
_MOST_DOUBLINGS = const(12)


class Sleeper:
    """Sleeps for `deepsleep` seconds when nothing keeps the camera awake: reporting -> awake.

    `why_awake()` returns why the camera must stay awake, "" if it need not. `uses()` returns
    (count, ms) of each kind of use; when a count changes, the camera stays awake for so long.
    commands: `busy` while one waits. outbox: messages that the broker has not acknowledged.
    notes: what the last wake remembered. `begin(seconds)` starts the sleep and does not return;
    `remember(notes)` keeps notes across it. woken_by: "timer", "button" or "". With `attended`, it
    first stays awake for a while.
    """

    def __init__(
        self,
        settings,
        session,
        wifi,
        publisher,
        telemetry,
        commands,
        outbox,
        log,
        why_awake,
        uses,
        notes,
        remember,
        begin,
        woken_by="",
        attended=False,
    ):
        self._settings = settings
        self._session = session
        self._wifi = wifi
        self._publisher = publisher
        self._telemetry = telemetry
        self._commands, self._outbox = commands, outbox
        self._log = log
        self._why_awake = why_awake
        self._uses = uses
        self._counts = [count for count, _ in uses()]
        self._notes = notes
        self._remember = remember
        self._begin = begin
        self._woken_by = woken_by
        self._attended = attended
        self._limit = ticks_ms()  # of the attempts to report
        self._seconds = settings["deepsleep"]
        self._until = ticks_ms()  # stays awake until then
        self._took = False  # a picture was requested by this wake
        self._reported = False  # by this wake
        self._failure = ""  # why it has not
        self.state = "reporting"

    async def run(self):
        self._seconds = self._settings["deepsleep"]
        self._until = ticks_add(ticks_ms(), limits.SLEEP_ATTENDED_MS if self._attended else 0)
        self._attended = False
        self._limit = ticks_add(ticks_ms(), limits.SLEEP_CONNECT_MS)
        self._failure = ""
        self._took = False
        self.state = "reporting"
        states = {"reporting": self._reporting, "awake": self._awake, "asleep": self._asleep}
        while True:
            self.state = await states[self.state]()

    async def _reporting(self):
        """Publish a picture and telemetry; within the limit, again if the link is lost."""
        await asyncio.sleep_ms(_POLL_MS)  # a change of the setting closes the link
        left_ms = ticks_diff(self._limit, ticks_ms())
        if await self._comes_true(self._is_linked, left_ms):
            await self._comes_true(self._has_run_all, limits.SLEEP_PUBLISH_MS)
            self._take()
            self._telemetry.request()
            await self._comes_true(self._is_published, limits.SLEEP_PUBLISH_MS)
            if not self._is_linked() and left_ms > 0:
                return "reporting"
        elif self._wifi.up.is_set() and not self._took:  # HTTP push needs no broker
            self._take()
            await self._comes_true(self._is_taken, limits.SLEEP_PUBLISH_MS)
            if self._is_linked():
                return "reporting"
        self._reported = self._is_linked()
        self._failure = "" if self._reported else self._missing()
        if self._reported:
            self._extend(1_000 * self._settings["sleepwait"])
        else:
            self._log.error("sleep", self._failure)
        return "awake"

    def _take(self):
        self._took = True
        self._publisher.request_due("wake")

    def _is_taken(self):
        return not self._publisher.pending

    async def _awake(self):
        """Wait until nothing keeps the camera awake."""
        while self._stays_awake():
            await asyncio.sleep_ms(_POLL_MS)
            if self._settings["deepsleep"] != self._seconds:  # after a change, sleep soon
                self._seconds, self._until = self._settings["deepsleep"], ticks_ms()
                self._extend(1_000 * self._settings["sleepwait"])
            if not self._reported and self._is_linked():
                return "reporting"
        return "asleep"

    async def _asleep(self):
        """Leave the broker and sleep, unless something still keeps the camera awake."""
        seconds = self.interval_s()
        self._log.info("sleep", "sleeping for {} s".format(seconds))
        self._settings.flush()
        await self._comes_true(self._is_acknowledged, limits.SLEEP_OFFLINE_MS)
        try:
            await asyncio.wait_for_ms(self._leave_broker(), limits.SLEEP_OFFLINE_MS)
        except asyncio.TimeoutError:
            pass
        if self._stays_awake():
            return "awake"
        self._settings.flush()
        self._remember(self._new_notes())
        self._begin(seconds)

    async def _leave_broker(self):
        """Return once the broker has closed the link, and so has read all of it."""
        await self._session.stop(ASLEEP)
        while self._session.up.is_set():
            await asyncio.sleep_ms(_CLOSE_MS)

    # For people

    @property
    def reason(self):
        """Why the camera stays awake, "" if it is about to sleep."""
        text = self._why_awake()
        if text:
            return text
        if self.state == "reporting":
            return "it has not reported yet"
        left_ms = ticks_diff(self._until, ticks_ms())
        return "for {} s".format((left_ms + 999) // 1_000) if left_ms > 0 else ""

    def interval_s(self):
        """Return the seconds of the next sleep: longer after wakes that reached nobody."""
        seconds, missed = self._settings["deepsleep"], self._missed()
        longest = max(seconds, limits.SLEEP_LONGEST_S)
        return min(seconds << min(max(0, missed - 1), _MOST_DOUBLINGS), longest)

    def __str__(self):
        if "awake" not in self._notes:
            return "no wake before"
        return "last wake {} s, {} missed".format(self._notes["awake"], self._notes["missed"])

    def figures(self):
        """Return the telemetry."""
        return {
            "Wake": self._woken_by or None,
            "Awake": self._log.uptime_s(),
            "LastAwake": self._notes.get("awake"),
            "Missed": self._notes.get("missed", 0),
            "Reason": self._notes.get("failure", ""),
        }

    def _missed(self):
        """Return the number of wakes in a row that have not reported, with this one."""
        return 0 if self._reported else self._notes.get("missed", 0) + 1

    def _new_notes(self):
        notes = dict(self._notes)  # with what others keep there
        notes["awake"] = self._log.uptime_s()
        notes["missed"] = self._missed()
        notes["failure"] = self._failure
        return notes

    # What keeps it awake

    def _is_linked(self):
        up = self._session.up if self._settings["mqtthost"] else self._wifi.up
        return up.is_set()

    def _missing(self):
        if self._wifi.up.is_set():
            return "no broker: " + (self._session.reason or self._session.state)
        return "no Wi-Fi: " + (self._wifi.reason or self._wifi.state)

    def _has_run_all(self):
        return not self._commands.busy  # those that the broker has kept may change the picture

    def _is_published(self):
        has_broker = self._session.up.is_set()  # without one, telemetry waits for ever
        is_pending = self._publisher.pending or (has_broker and self._telemetry.pending)
        return not is_pending or not self._is_linked()

    def _is_acknowledged(self):
        return not len(self._outbox) or not self._session.up.is_set()

    async def _comes_true(self, condition, limit_ms):
        """Return True as soon as `condition()` is true, False after the limit."""
        end = ticks_add(ticks_ms(), limit_ms)
        while not condition():
            if ticks_diff(end, ticks_ms()) <= 0:
                return False
            await asyncio.sleep_ms(_POLL_MS)
        return True

    def _stays_awake(self):
        """Note uses of the camera since the last call; return True if it must not sleep yet."""
        for number, (count, ms) in enumerate(self._uses()):
            if count != self._counts[number]:
                self._counts[number] = count
                self._extend(ms)
        self._extend(0)  # ticks that are more than 6 days apart cannot be compared
        return bool(self.reason)

    def _extend(self, ms):
        """Stay awake for so long from now, if that is longer."""
        until = ticks_add(ticks_ms(), ms)
        if ticks_diff(until, self._until) > 0:
            self._until = until
