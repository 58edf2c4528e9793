"""Replies below `stat/<topic>/`, and the states that the broker keeps there.

States are the replies with the flag RETAIN: each setting, `power`, `timer`, `camera` and `update`.
A hub that starts later finds all of them.
"""

import asyncio
import json

import app.settings.schema as schema
from app.commands import FLAGS, NAME, OWNER, QOS1, RETAIN, TABLE
from config import limits, product

SETTINGS, ALL_SETTINGS = "settings", "all settings"  # other sources are owners of commands
_HIDDEN = schema.HIDDEN | schema.SECRET


class States:
    """Publishes replies, and each state that differs from what the broker keeps.

    `session` is set by the composition root.
    """

    def __init__(self, commands, topics, settings):
        self._commands = commands
        self._topics = topics
        self._settings = settings
        self._kept = {}  # reply's name -> text that was published on this link
        self._sources = []  # whose states may have changed
        self._events = []  # (name, text)
        self._changed = asyncio.Event()
        self.session = None

    def event(self, name, kind):
        """Publish an event on `stat/<topic>/<name>`, unless there is no broker now."""
        if self.session.up.is_set() and len(self._events) < limits.MQTT_EVENTS:
            self._events.append((name, json.dumps({"event_type": kind})))
            self._changed.set()

    def changed(self, source):
        """Publish the states of a source soon, if they differ from what the broker keeps."""
        if source not in self._sources:
            self._sources.append(source)
        self._changed.set()

    async def publish(self, name, text, flags=0):
        """Publish the value now in force on `stat/<topic>/<name>`."""
        retain = bool(flags & RETAIN and self._settings["retain"])
        if flags & RETAIN:
            self._kept[name] = text
        topic, qos = self._topics.stat(name), 1 if flags & QOS1 else 0
        try:
            await self.session.publish(topic, text.encode(), retain, qos)
        except OSError:  # the link is lost; the next connect reports the states
            pass

    async def announce(self):
        """Publish name, version, fallback topic and the states, after each connect."""
        await self.publish("NAME", product.NAME)
        await self.publish("VERSION", product.VERSION)
        await self.publish("FALLBACKTOPIC", self._topics.device_id)
        self._kept.clear()
        await self._report("power")
        self.changed("params")
        self.changed("update")
        self.changed(ALL_SETTINGS)

    async def run(self):
        while True:
            await self._changed.wait()
            self._changed.clear()
            while self._events:
                await self.publish(*self._events.pop(0))
            while self._sources and self.session.up.is_set():
                await self._report(self._sources.pop(0))

    async def _report(self, source):
        for name in self._names(source):
            reply, text, flags = await self._commands.call(name, "")
            if self._kept.get(reply) != text:
                await self.publish(reply, text, flags)
            await asyncio.sleep_ms(0)

    def _names(self, source):
        """Return the commands that read the states of a source."""
        if source == SETTINGS:
            rows = [schema.find(name) for name in self._settings.changed]
            self._settings.changed.clear()
        elif source == ALL_SETTINGS:
            rows = schema.SCHEMA
        else:
            return [row[NAME] for row in TABLE if row[OWNER] == source and row[FLAGS] & RETAIN]
        return [row[schema.NAME] for row in rows if not row[schema.FLAGS] & _HIDDEN]
