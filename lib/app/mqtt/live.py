"""Live view through the broker, for cameras that accept no connections."""

import asyncio
import json
from time import ticks_add, ticks_diff, ticks_ms

from config import limits
from proto.jpeg import size_of
from proto.reasons import describe
from proto.values import BadArgument, number_between, rate

# by hand, because the chip's floats are too short for the time
_REPORT = (
    '{{"SecondsLeft": {}, "Frames": {}, "FPS": {:.1f}, "Bytes": {}, "Timestamp": {}, '
    '"Reason": {}}}'
)


class Live:
    """Publishes pictures from the command `live` until its time is over or something ends it.

    After each picture it sends a report at QoS 1. Its acknowledgement shows that the broker has
    read the picture; only then the next one is taken, so a slow link slows it down. It goes on
    after a lost link.
    """

    def __init__(self, frames, sender, session, topics, clock, log, retry_ms=1_000):
        self._frames = frames
        self._lease = frames.fresh()  # one for all pictures: nothing is allocated for each
        self._sender = sender
        self._session = session
        self._topics = topics
        self._clock = clock
        self._log = log
        self._retry_ms = retry_ms
        self._changed = asyncio.Event()  # the command or something else begins or ends it
        self._end_ms = None  # ticks; None while it is off
        self._reason = ""  # why it has ended
        self._rate = 0  # pictures per second, at most
        self._sent_ms = self._gap_ms = 0  # the last picture, and the usual time between two
        self._last = 0, "null"  # bytes and time of the last picture
        self.frames = 0  # that were sent since it began
        self.sent = self.sent_bytes = 0  # since the start of the camera

    @property
    def left_s(self):
        """Seconds until it ends, 0 while it is off."""
        return (self._left_ms() + 999) // 1_000

    @property
    def fps(self):
        """Pictures a second that it reaches."""
        return 1_000 / self._gap_ms if self._gap_ms else 0

    def cmd_live(self, argument):
        """Begin, prolong or end (0) the live view; return the seconds left, or the refusal."""
        if argument:
            seconds, wanted = _parse(argument)
            if not seconds:
                self.stop("ended by a command")
            else:
                refusal = self._refusal()
                if refusal:
                    return refusal
                self._begin(seconds, wanted)
        return str(self.left_s)

    def follow(self):
        """End it if the pictures are withheld now."""
        if self._frames.stopped:
            self.stop(self._frames.stopped)

    def stop(self, reason):
        """End it; the next report gives the reason."""
        if self._end_ms is not None:
            self._end_ms = None
            self._reason = reason
            self._changed.set()

    async def run(self):
        while True:
            self._changed.clear()
            if self._end_ms is None:
                await self._changed.wait()
            else:
                await self._show()

    def _refusal(self):
        reason = self._frames.stopped or self._frames.absent()
        if reason:
            return "no picture: " + reason
        return "" if self._session.up.is_set() else "no broker"

    def _begin(self, seconds, wanted):
        """Show for at least so many seconds from now."""
        if self._end_ms is None:
            self._log.info("live", "begins")
            self._rate, self._reason = limits.LIVE_RATE, ""
            self.frames = self._gap_ms = 0
        self._rate = wanted or self._rate
        if 1_000 * seconds > self._left_ms():
            self._end_ms = ticks_add(ticks_ms(), 1_000 * seconds)
        self._changed.set()

    def _left_ms(self):
        return 0 if self._end_ms is None else max(0, ticks_diff(self._end_ms, ticks_ms()))

    async def _show(self):
        """Send pictures until it ends."""
        while self._left_ms():
            self._changed.clear()
            began = ticks_ms()
            gap_ms = int(1_000 / self._rate)
            try:
                await self._send_one()
            except asyncio.TimeoutError:  # the time is over
                pass
            except OSError as e:  # no picture, or no link
                self._log.debug("live", "no picture sent: {}", describe(e))
                self.follow()
                gap_ms = self._retry_ms
                await _within(self._left_ms(), self._session.up.wait())
            gap_ms -= ticks_diff(ticks_ms(), began)
            await _within(min(self._left_ms(), max(0, gap_ms)), self._changed.wait())
        self.stop("the time is over")
        self._log.info("live", "ends: {}; {} pictures".format(self._reason, self.frames))
        await self._report()

    async def _send_one(self):
        """Send a picture, and wait until the broker has it."""
        await self._sender.acquire(self._lease)
        frame = self._lease.frame
        try:
            parts = self._sender.fitting(frame)
            if not parts:  # the next one is smaller
                return
            size = size_of(parts)
            self._last = size, frame.timestamp() if self._clock.knew(frame.time_ns) else "null"
            link = self._session.connects
            untried = await self._sender.send(self._topics.live, parts, False)
        finally:
            self._lease.release()
        self._count(size)
        await self._sender.confirm(untried, self._acknowledgement(link))

    async def _acknowledgement(self, link):
        """Report, and return once the broker has acknowledged it; raises OSError.

        An acknowledgement on another link than that of the picture says nothing about it.
        """
        message = await self._report()
        while not message.acknowledged.is_set():
            if not self._left_ms():
                raise asyncio.TimeoutError
            await _within(self._left_ms(), message.acknowledged.wait())
        if self._session.connects != link:
            raise OSError("link lost")

    def _report(self):
        """Publish the state at QoS 1, and return the message (a coroutine)."""
        reason = json.dumps(self._reason)
        text = _REPORT.format(self.left_s, self.frames, self.fps, *self._last, reason)
        return self._session.publish(self._topics.tele("LIVE"), text.encode(), False, 1)

    def _count(self, size):
        now = ticks_ms()
        if self.frames:
            gap_ms = max(1, ticks_diff(now, self._sent_ms))
            self._gap_ms = (3 * self._gap_ms + gap_ms) // 4 if self._gap_ms else gap_ms
        self._sent_ms = now
        self.frames += 1
        self.sent += 1
        self.sent_bytes += size


async def _within(ms, waiting):
    """Wait for at most `ms`."""
    try:
        await asyncio.wait_for_ms(waiting, ms)
    except asyncio.TimeoutError:
        pass


def _parse(argument):
    """Return (seconds, pictures per second or 0) of `seconds[,pictures per second]`."""
    seconds, comma, wanted = argument.partition(",")
    try:
        return number_between(seconds.strip(), 0, limits.LIVE_S), rate(wanted) if comma else 0
    except BadArgument:
        text = "0..{}[,{}..{}]  seconds, pictures per second"
        text = text.format(limits.LIVE_S, limits.RATE_LEAST, limits.RATE_MOST)
        raise BadArgument(text) from None
