"""A firmware image on its way into the slot that does not run; `of` is the Updater."""

import asyncio
import hashlib

from micropython import const

from aio.late import borrow
from proto.imagewalk import Walk

_BLOCK = const(4_096)
_MOST_TAIL = const(428)  # of proto.signature


class Target:
    """Made of the first bytes: ValueError for what must not be written at all."""

    def __init__(self, of, head, total):
        self._of = of
        self._slot = of.flash().spare()
        if not self._slot:
            raise ValueError("this flash has one slot only")
        room = self._slot.size_bytes + _MOST_TAIL
        project, self.version = borrow("app.update.checks").allowed(of, head, total, room)
        self.name = "{} {}".format(project, self.version)
        self._key = borrow("app.update.key").read(of.settings["otakey"])
        self._walk = Walk()
        self._tail = bytearray()
        self._block = 0

    async def take(self, view, filled):
        """Write a block; only the last one is not full."""
        used = 0 if self._walk.whole else self._walk.feed(view[:filled])
        if used < filled:
            self._tail += view[used:filled]
            if len(self._tail) > _MOST_TAIL:
                raise ValueError("something follows the image")
        if not used:
            return
        if _BLOCK * self._block + used > self._slot.size_bytes:
            raise ValueError("too big: {} bytes fit".format(self._slot.size_bytes))
        for at in range(used, _BLOCK):
            view[at] = 0xFF
        try:
            self._slot.erase(self._block)
            await asyncio.sleep_ms(0)  # each takes its time; in between the others have their turn
            self._slot.write(self._block, view)
        except OSError as e:
            raise ValueError("block {} of the flash: {}".format(self._block, e)) from None
        self._block += 1

    async def finish(self, view):
        """All has come: it starts next, if it is whole, ours, and stands in flash as it should."""
        if not self._walk.whole:
            raise ValueError("cut off after {} bytes".format(self._walk.size))
        self._check_signature()
        if await self._read_back(view) != self._walk.digest:
            raise ValueError("the flash does not hold what was written")
        label = self._slot.label
        self._of.nvs.set_blob("OTA_TRIED", "{} {}".format(label, self.version).encode())
        self._of.nvs.commit()
        try:
            self._slot.set_boot()
        except OSError as e:
            raise ValueError("the chip refuses to start it: {}".format(e)) from None

    def _check_signature(self):
        tail, key = self._tail, self._key
        if tail or key:
            why = borrow("app.update.key").trouble(tail, self._walk.digest, key)
            if why:
                raise ValueError(why)

    async def _read_back(self, view):
        """SHA-256 of the image in flash, or None where its own copy of that differs."""
        sha = hashlib.sha256()
        size = self._walk.size - 32
        at = 0
        while at < size:
            part = view[: min(_BLOCK, size - at)]
            self._slot.readinto(at, part)
            sha.update(part)
            at += len(part)
            await asyncio.sleep_ms(0)
        digest = sha.digest()
        self._slot.readinto(size, view[:32])
        return digest if view[:32] == digest else None
