"""A firmware image on its way into the slot that does not run; `of` is the Updater."""

import asyncio

from micropython import const

from aio.late import borrow
from proto.espimage import ImageParser

_BLOCK = const(4_096)
_MOST_TAIL = const(428)  # of proto.signature


class Target:
    """Made of what app.ota.checks allows."""

    def __init__(self, of, slot, key, project, version):
        self.of = of
        self.slot = slot
        self.key = key
        self.version = version
        self.name = "{} {}".format(project, version)
        self.walk = ImageParser()
        self.tail = bytearray()
        self._at = 0

    async def take(self, view, filled):
        """Write a piece of a block; only the last one may be short."""
        used = 0 if self.walk.whole else self.walk.feed(view[:filled])
        if used < filled:
            self.tail += view[used:filled]
            if len(self.tail) > _MOST_TAIL:
                raise ValueError("something follows the image")
        if not used:
            return
        if self._at + used > self.slot.size_bytes:
            raise ValueError("too big: {} bytes fit".format(self.slot.size_bytes))
        block, at = divmod(self._at, _BLOCK)
        try:
            if not at:
                self.slot.erase(block)
                await asyncio.sleep_ms(0)  # each takes its time; in between it is the others' turn
            self.slot.write(block, view[:used], at)
        except OSError as e:
            raise ValueError("block {} of the flash: {}".format(block, e)) from None
        self._at += used

    def abandon(self):
        """What the slot holds now does not start."""

    def finish(self, view):
        """To be awaited: all has come; it starts next if it is whole and ours."""
        return borrow("app.ota.verify").finish(self, view)
