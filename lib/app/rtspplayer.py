"""Sends pictures to one RTSP client, as RTP on its connection."""

import asyncio
import os
from time import ticks_add, ticks_diff, ticks_ms

from aio.tasks import finish
from app.camera.camera import CameraFault
from config import limits
from proto.posixtz import unix_time
from proto.rtpjpeg import CLOCK_KHZ, Packets, Unsuitable


class Turn:
    """Keeps pictures and responses apart on a connection; asyncio's Lock takes ten times as long.

    Use as `if turn.taken: await turn.wait()`, then `turn.taken = True`, and `end` in a `finally`.
    """

    def __init__(self):
        self.taken = False
        self._ended = asyncio.Event()

    async def wait(self):
        """Wait until the turn is free."""
        while self.taken:
            self._ended.clear()
            await self._ended.wait()

    def end(self):
        """Free the turn."""
        self.taken = False
        self._ended.set()


class Player:
    """Sends the newest picture repeatedly, from `start` to `stop`.

    server: an RTSPServer; turn: taken for each picture; pair: the channels of packets and reports.
    """

    def __init__(self, server, stream, turn, pair):
        self._server = server
        self._stream = stream
        self._turn = turn
        self.packets = Packets(_random(4), _random(2), pair)
        self._timestamp = _random(4)
        self._ticks = ticks_ms()  # of the picture with that timestamp
        self._report_at = ticks_ms()
        self._viewer = self._task = None

    def reserve(self):
        """Count as a viewer from now on; raises HTTPError if there are too many."""
        if not self._viewer:
            self._viewer = self._server.images.join(self._stream)
            self._server.sessions += 1

    def start(self):
        """Begin to send, if reserved."""
        if self._viewer and not self._task:
            self._task = asyncio.create_task(self._run())

    async def stop(self):
        """Stop after the current picture."""
        await self._turn.wait()
        task, self._task = self._task, None
        if task:
            await finish(task)
        if self._viewer:
            self._server.images.leave(self._viewer)
            self._server.sessions -= 1
            self._viewer = None
            self._stream.busy_for(limits.CONNECTION_NEW_MS)

    async def _run(self):
        try:
            await self._send_pictures()
        except (OSError, MemoryError):  # the client has gone, or can't be served
            pass
        except Unsuitable as e:  # the frame size was changed, for example
            self._server.note(str(e))
        except Exception as e:  # a bug of ours
            self._server.note(repr(e))
        self._stream.abort()  # but not after `stop`, which cancels

    async def _send_pictures(self):
        images = self._server.images
        lease = self._server.frames.fresh()
        lease.give_up = self._stream.abort
        next_seq = None
        while not self._stream.aborted():
            try:
                frame = await lease.acquire()
            except CameraFault:  # the client stays, because the camera recovers
                await asyncio.sleep_ms(limits.HTTP_VIEWER_PAUSE_MS)
                lease.renewed()
                next_seq = None
                continue
            images.skipped += frame.seq - next_seq if next_seq else 0
            next_seq = frame.seq + 1
            try:
                await self._send(frame)
            finally:
                lease.release()

    async def _send(self, frame):
        if self._turn.taken:
            await self._turn.wait()
        self._turn.taken = True
        try:
            self._begin(frame)
            if not self._put_packets():
                await self._flush_packets()
            if ticks_diff(ticks_ms(), self._report_at) >= 0:
                await self._send_report(frame)
                self._report_at = ticks_add(ticks_ms(), limits.RTSP_REPORT_MS)
        finally:
            self._turn.end()

    def _begin(self, frame):
        passed_ms = ticks_diff(frame.ticks_ms, self._ticks)
        self._timestamp = (self._timestamp + CLOCK_KHZ * passed_ms) & 0xFFFF_FFFF
        self._ticks = frame.ticks_ms
        self.packets.begin(frame.view, self._timestamp)

    def _put_packets(self):
        """Send packets until the socket is full; return True when the picture is out."""
        while True:
            packet = self.packets.next()
            if not packet:
                return True
            if not self._stream.put(packet):
                return False

    async def _flush_packets(self):
        """Send the rest of the picture."""
        while True:
            await self._stream.flush()
            if self._put_packets():
                return

    async def _send_report(self, frame):
        """Send the time of a picture, unless the clock was not set yet: it would jump later."""
        if self._server.clock.knew(frame.time_ns):
            seconds, ns = divmod(frame.time_ns, 1_000_000_000)
            name = self._server.name.encode()
            report = self.packets.report(unix_time(seconds), ns, self._timestamp, name)
            await self._stream.send(report)


def _random(size):
    return int.from_bytes(os.urandom(size), "big")
