"""Announces the camera to Home Assistant by MQTT discovery: one retained message."""

import asyncio
import random
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from app.mqtt.entities import Device
from proto.mqtt import Pieces
from proto.params import RANGES

_ONLINE = b"online"
_POLL_MS = const(500)
_SCARCE_MS = const(600_000)  # pause after a lack of memory, which ends the link, too
_SOON_MS, _SPREAD_MS = const(1_000), const(4_000)  # so that not all cameras answer a hub at once


class Discovery:
    """Publishes the discovery message, or removes it from the broker, as the settings require.

    It is published on each connect, again when the hub reports that it is online, when another
    sensor was found, which has other ranges, and when `motion` was switched on or off.
    """

    def __init__(self, session, handler, settings, topics, camera, wifi, mac, log):
        self._session = session
        self._settings = settings
        self._topics = topics
        self._camera = camera
        self._wifi = wifi
        self._mac = mac
        self._log = log
        self._link = 0  # number of the link on which the message was sent
        self._kept = topics.discovery()  # where the broker may keep a message, perhaps an old one
        self._chip = ""  # the sensor in that message
        self._detects = False  # motion is an entity in it
        self._due_ms = None  # when to publish it again (ticks)
        self._handler = handler

    async def receive(self, body, retained):
        """Handle the hub's birth message; called by the handler."""
        if retained or body.left != len(_ONLINE):
            return
        status = bytearray(body.left)
        await body.readinto(memoryview(status))
        if status == _ONLINE:
            self._due_ms = ticks_add(ticks_ms(), _SOON_MS + random.getrandbits(16) % _SPREAD_MS)

    async def run(self):
        while True:
            await asyncio.sleep_ms(_POLL_MS)
            if self._session.up.is_set():
                try:
                    await self._follow()
                except OSError:  # the link is lost; the next one starts again
                    self._link = 0
                except MemoryError:
                    self._log.error("mqtt", "no memory to announce the camera to Home Assistant")
                    await asyncio.sleep_ms(_SCARCE_MS)

    async def remove(self):
        """Remove the message at the broker; OSError if there is no session."""
        if self._kept:
            await self._session.publish(self._kept, b"", True)

    async def _follow(self):
        """Remove or publish the message if the settings, the link or the hub require it."""
        wanted = self._topics.discovery() if self._settings["hadiscovery"] else None
        is_new_link = self._link != self._session.connects
        self._handler.hub = (self._topics.hub(), self.receive)
        if self._kept and self._kept != wanted:
            await self.remove()
            self._kept = None
        is_due = self._due_ms is not None and ticks_diff(ticks_ms(), self._due_ms) >= 0
        is_new_chip = RANGES.get(self._camera.chip) is not RANGES.get(self._chip)
        is_other = is_new_chip or self._detects != bool(self._settings["motion"])
        if wanted and (is_new_link or is_due or is_other or not self._kept):
            self._due_ms = None
            await self._announce(wanted)
        self._link = self._session.connects

    async def _announce(self, topic):
        self._chip, offered = self._camera.chip, self._camera.values()
        address = self._wifi.address()
        device = Device(self._settings, self._topics, self._mac, address, offered, self._chip)
        self._detects = device.detects
        size = 0
        for number in range(len(device)):
            size += len(device.piece(number))
            await asyncio.sleep_ms(0)
        payload = Pieces(size, len(device), device.piece)
        await self._session.publish(topic, payload, bool(self._settings["retain"]))
        self._kept = topic
        self._log.debug("mqtt", "announced to Home Assistant")
