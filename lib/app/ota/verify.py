"""The end of a firmware update: signature, what stands in flash, and which slot starts next."""

import asyncio
import hashlib

from aio.late import borrow


async def finish(target, view):
    """Make what `target` (app.ota.image) has written the next to start; else ValueError."""
    walk, slot, of = target.walk, target.slot, target.of
    if not walk.whole:
        raise ValueError("cut off after {} bytes".format(walk.size))
    if target.tail or target.key:
        why = borrow("app.signing_key").trouble(target.tail, walk.digest, target.key)
        if why:
            raise ValueError(why)
    if await _read_back(slot, walk.size - 32, view) != walk.digest:
        raise ValueError("the flash does not hold what was written")
    of.nvs.set_blob("OTA_TRIED", "{} {}".format(slot.label, target.version).encode())
    of.nvs.commit()
    try:
        slot.set_boot()
    except OSError as e:
        raise ValueError("the chip refuses to start it: {}".format(e)) from None


async def _read_back(slot, size, view):
    """SHA-256 of the image in flash, or None where its own copy of that differs."""
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
