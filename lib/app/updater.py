"""Updates: one at a time, from whichever door; what does the work is borrowed for it."""

import asyncio
import gc

from aio.late import borrow

UNCONFIRMED = "Running image not confirmed"


class Updater:
    """Knows what an update needs. `state` is idle, waiting, writing, installed.

    `flash()` gives hal.flash, `app.update` holds the work. `door.data` takes what comes by MQTT.
    """

    def __init__(
        self, flash, nvs, settings, session, door, topics, wifi, frames, restart, log, say, dialler
    ):
        self.flash = flash
        self.nvs = nvs
        self.settings = settings
        self.session = session
        self.door = door
        self.topics = topics
        self.wifi = wifi
        self.frames = frames
        self.restart = restart
        self.log = log
        self.say = say
        self.dialler = dialler
        self.state = "idle"
        self.job = None
        self.force = self.pending = False
        self.asked = asyncio.Event()

    def begin(self, job, force=False):
        """Take the one place there is: "" when it is ours, else why not."""
        if self.job:
            return "busy"
        if self.pending:
            return UNCONFIRMED
        self.job = job
        self.force = force
        return ""

    def end(self):
        """The place is free again, unless a restart follows."""
        if self.state == "installed":
            return
        self.job = None
        self.state = "idle"
        gc.collect()

    def cmd_upgrade(self, argument):
        return borrow("app.update.commands").upgrade(self, argument)

    def cmd_mqttotastart(self, argument):
        return borrow("app.update.commands").start(self, argument)

    def cmd_mqttotaconfirm(self, argument):
        return borrow("app.update.commands").confirm(self, argument)

    def upload(self, read, total):
        """To be awaited: (HTTP status, text) of the update that `await read(view)` gives."""
        return borrow("app.update.upload").upload(self, read, total)

    async def run(self):
        self.pending = self.flash().unconfirmed()
        await borrow("app.update.trial").judge(self)
        while True:
            await self.asked.wait()
            self.asked.clear()
            try:
                await borrow("app.update." + self.job).run(self)
            finally:
                self.end()
