"""A firmware image, written into the slot that does not run."""

import asyncio
import hashlib

from micropython import const

from app import signing_key
from proto import signature
from proto.espimage import HEAD_BYTES, Description, ImageParser, older

_BLOCK = const(4_096)  # of flash
_TO_NAMELESS = (
    "the image has no project name or version, so it may not contain this application: pages, "
    "MQTT and telnet are then gone after the restart"
)
_FROM_NAMELESS = (
    "the running firmware has no project name or version: what it contains besides this "
    "application, such as its camera driver, is replaced"
)
_ON_TRIAL = (
    ". Settings stay, and unless the new firmware is confirmed, its next restart brings the old "
    "one back"
)


class Image:
    """Made from the first bytes: ValueError if the image must not be written.

    `key` is the public key that must have signed it, or None. `lost` says what an update from or
    to an image without a name may take away; within the project it is "".
    """

    def __init__(self, head, total, force, key, flash, nvs):
        description = Description(head)
        self.version = description.version
        self.name = description.name
        self.lost = ""
        self._key = key
        self._nvs = nvs
        self._slot = flash.spare()
        self._check(description, _running(flash), total, force)
        self._parser = ImageParser()
        self._tail = bytearray()  # what follows the image
        self._at = 0

    def _check(self, new, running, total, force):
        if not self._slot:
            raise ValueError("this flash has only one slot")
        if total > self._slot.size_bytes + signature.BLOCK_BYTES:
            raise ValueError("too big: {} bytes, {} fit".format(total, self._slot.size_bytes))
        if new.project != running.project and new.project and running.project:
            text = "{} is another project; this camera runs {}"
            raise ValueError(text.format(new.project, running.project))
        if not (new.is_named and running.is_named):
            self.lost = (_FROM_NAMELESS if new.is_named else _TO_NAMELESS) + _ON_TRIAL
        if force:
            return
        if self.lost:
            raise ValueError("force is needed, because " + self.lost)  # first: logs cut it off
        if new.version.encode() == self._nvs.get_blob("OTA_FAILED"):
            raise ValueError(new.version + " has failed already")
        if older(new.version, running.version):
            raise ValueError("{} is older than {}".format(new.version, running.version))
        if new.elf == running.elf and any(running.elf):
            raise ValueError(new.version + " runs already")

    async def write(self, view, filled):
        """Write half a block of flash; only the last one may be shorter."""
        used = 0 if self._parser.whole else self._parser.feed(view[:filled])
        if used < filled:
            self._tail += view[used:filled]
            if len(self._tail) > signature.BLOCK_BYTES:
                raise ValueError("unexpected data follows the image")
        if not used:
            return
        if self._at + used > self._slot.size_bytes:
            raise ValueError("too big: {} bytes fit".format(self._slot.size_bytes))
        block, at = divmod(self._at, _BLOCK)
        try:
            if not at:
                self._slot.erase(block)
                await asyncio.sleep_ms(0)  # yield: erasing and writing block the loop
            self._slot.write(block, view[:used], at)
        except OSError as e:
            raise ValueError("block {} of the flash: {}".format(block, e)) from None
        self._at += used

    async def finish(self, view):
        """Let the image start next; ValueError unless it is whole, signed and intact in flash."""
        parser, slot = self._parser, self._slot
        if not parser.whole:
            raise ValueError("cut off after {} bytes".format(parser.size))
        reason = signing_key.refusal(self._tail, parser.digest, self._key)
        if reason:
            raise ValueError(reason)
        try:
            if await _read_back(slot, parser.size - 32, view) != parser.digest:
                raise ValueError("the flash does not hold what was written")
            self._nvs.set_blob("OTA_TRIED", "{} {}".format(slot.label, self.version).encode())
            self._nvs.commit()
            slot.set_boot()
        except OSError as e:
            raise ValueError("the chip refuses to start it: {}".format(e)) from None

    def abandon(self):
        """Leave the slot as it is: the bootloader does not start half an image."""


def _running(flash):
    head = bytearray(HEAD_BYTES)
    flash.running().readinto(0, head)
    return Description(head)


async def _read_back(slot, size, view):
    """Return the SHA-256 of the image in flash; None if the digest behind it differs."""
    sha = hashlib.sha256()
    at = 0
    while at < size:
        part = view[: min(len(view), size - at)]
        slot.readinto(at, part)
        sha.update(part)
        at += len(part)
        await asyncio.sleep_ms(0)
    digest = sha.digest()
    slot.readinto(size, view[:32])
    return digest if view[:32] == digest else None
