"""Updates: one at a time, from whichever door; what does the work is borrowed for it."""

import asyncio
import gc

from aio.late import borrow

_LOOK_MS = 250
_SOURCES = {"push": "mqtt_source", "pull": "http_source"}


class Updater:
    """`state` is idle, waiting, writing or installed; `job` is push, pull, upload or None.

    `flash()`, `otadata()` and `appslot()` give hal's modules; the Status `known` knows most of the
    rest.
    """

    def __init__(self, known, flash, otadata, appslot, nvs, door, restart, say, dialler):
        self._known = known
        self.flash = flash
        self.otadata = otadata
        self.appslot = appslot
        self.nvs = nvs
        self.door = door
        self.restart = restart
        self.say = say
        self.dialler = dialler
        self.state = "idle"
        self.job = None
        self.force = self.pending = False
        self.untold = None  # how the last one ended, while there is no broker

    def __getattr__(self, name):
        """Commands, which are borrowed, and what `known` has."""
        if name[:4] == "cmd_":
            work = getattr(borrow("app.ota.commands"), name[4:])
            return lambda argument: work(self, argument)
        return getattr(self._known, name)

    def upload(self, read, total):
        """To be awaited: (HTTP status, text) of the update that `await read(view)` gives."""
        return borrow("app.ota.upload").upload(self, read, total)

    def end(self):
        """The place is free again, unless a restart follows."""
        if self.state != "installed":
            self.job = None
            self.state = "idle"
        gc.collect()

    async def run(self):
        await borrow("app.ota.trial").judge(self)
        while True:
            if self.job in ("push", "pull") and self.state != "installed":
                try:
                    await borrow("app.ota." + _SOURCES[self.job]).run(self)
                finally:
                    self.end()
            elif self.untold and self.session.up.is_set():
                await borrow("app.ota.report").tell_end(self)
            await asyncio.sleep_ms(_LOOK_MS)
