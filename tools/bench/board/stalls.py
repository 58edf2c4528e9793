"""Delay of a 1 ms ticker in the loop that publishes and serves viewers."""

import array
import asyncio
import gc
from socket import SEND_BUFFER, SOL_SOCKET
from time import ticks_diff, ticks_us

from blocking import TOPIC
from parts import Parts, arguments, say
from umqtt.robust import MQTTClient
from web import web

from app.motion.pictures import EventPictures
from app.motion.watcher import PictureWatcher
from app.mqtt.album import Album
from app.mqtt.publisher import ImagePublisher


class Robust:
    """Publishes with umqtt.robust, as its users do."""

    def __init__(self, frames, port):
        self._frames = frames
        self._client = MQTTClient("robust", "127.0.0.1", port, keepalive=120)
        self.sent = 0

    async def run(self):
        self._client.reconnect()
        self._client.sock.setsockopt(SOL_SOCKET, 7, SEND_BUFFER)
        while True:
            async with self._frames.fresh() as frame:
                self._client.publish(TOPIC, frame.view, True)
            self.sent += 1
            await asyncio.sleep_ms(0)


class Ticker:
    """Records the delay of each tick in microseconds."""

    def __init__(self, most=60_000):
        self._late = array.array("i", bytes(4 * most))
        self.count = 0

    async def run(self, duration_us):
        start = last = ticks_us()
        while ticks_diff(last, start) < duration_us:
            await asyncio.sleep_ms(1)
            now = ticks_us()
            self._late[self.count] = ticks_diff(now, last) - 1_000
            self.count += 1
            last = now

    def worst(self):
        """Return (99.9th percentile, longest) in ms."""
        late = sorted(self._late[: self.count])
        return late[(len(late) - 1) * 999 // 1_000] / 1_000, late[-1] / 1_000


class Moves:
    """Motion in every picture, and no lamp."""

    on = flashing = False

    def __init__(self, parts, publisher):
        frames, session, settings = parts.frames, parts.session, parts.settings
        album = Album(publisher.sender, session, parts.log, self.free_bytes, 400_000, 100_000)
        pictures = EventPictures(album, frames, session, settings, parts.topics, self)
        self.pictures = pictures
        self.watcher = PictureWatcher(frames, self, settings, pictures, self.note, parts.log)
        self.watcher.detector.compare = self.compare(self.watcher.detector.compare)
        self.compared = 0

    def free_bytes(self):
        gc.collect()
        return gc.mem_free()

    def compare(self, real):
        def compare(cells):
            self.compared += 1
            real(cells)
            return True

        return compare

    def note(self, source, score, cells):
        if self.compared % 8 == 1:
            self.pictures.begin()

    async def publish(self, picture, parts, trigger):
        """Describe no picture."""


async def main(size, port, http, seconds, robust, file=""):
    parts = Parts(size, port, file=file)
    publisher = ImagePublisher(
        parts.frames, parts.session, parts.settings, parts.topics.image, parts.log, None
    )
    if robust:
        parts.settings["mqtthost"] = ""
        publisher = Robust(parts.frames, port)
    ticker = Ticker()
    gc.collect()
    parts.start(web(parts, http))
    await asyncio.sleep_ms(50)  # until the servers listen
    say(ready=True)
    await asyncio.sleep_ms(500)  # until the viewers are connected
    asyncio.create_task(publisher.run())
    moves = Moves(parts, publisher) if file else None
    if moves:
        for work in (moves.watcher, moves.pictures):
            asyncio.create_task(work.run())
    await ticker.run(1_000_000 * seconds)
    p999, longest = ticker.worst()
    compared = moves.compared if moves else 0
    say(
        p999=p999, longest=longest, ticks=ticker.count, sent=publisher.sent, compared=compared,
        pictures=moves.pictures.sent if moves else 0,
    )  # fmt: skip


asyncio.run(main(**arguments()))
