"""An application on its way to the copy that does not run; `of` is the Updater.

The archive begins with the file `update.txt` (project, version, bytecode) and ends with the block
of proto.signature, which holds its SHA-256 also where it is not signed. The archive is kept as it
came, and mounted by boot.py.
"""

import asyncio
import hashlib
import os
import sys

from aio.late import borrow
from config import product
from proto import signature
from proto.espimage import older
from proto.tar import RECORD, is_blank, is_safe, member

_MOST_FILES = 400
_BLOCKS_BESIDE = 4  # for the file system's own, and for settings that are saved meanwhile
_NEW = ".tar.new"


class Target:
    """Made of the first bytes: ValueError for what must not be written at all."""

    def __init__(self, of, head, total):
        name, size = member(head[:RECORD])
        if name != "update.txt" or not 0 < size <= RECORD or len(head) < 2 * RECORD:
            raise ValueError("the archive is no update")
        told = bytes(head[RECORD : RECORD + size]).decode().split()
        if len(told) != 3:
            raise ValueError("the archive is no update")
        self.version = told[1]
        self.name = "{} {}".format(told[0], told[1])
        self._of = of
        self._copy = of.appslot().spare()
        self._check(told, of.force)
        _check_room(self._copy, total)
        self._key = borrow("app.signing_key").read(of.settings["otakey"])
        self._sha = hashlib.sha256()
        self._file = None
        self._files = self._left = 0
        self._ended = False
        self._tail = bytearray()

    def _check(self, told, force):
        if told[0] != product.NAME:
            raise ValueError("{} is another project than {}".format(told[0], product.NAME))
        ours = sys.implementation._mpy & 0x3FFF
        if told[2] != str(ours):
            raise ValueError("bytecode {} is not for this board ({})".format(told[2], ours))
        if force:
            return
        if self._of.nvs.get_blob("OTA_FAILED", b"") == self.name.encode():
            raise ValueError(self.name + " has failed already")
        if older(self.version, product.VERSION):
            raise ValueError("{} is older than {}".format(self.version, product.VERSION))

    async def take(self, view, filled):
        """Write a block; only the last one is not full."""
        try:
            if not self._file:
                self._of.appslot().forget(self._copy)
                _remove(self._copy)
                self._file = open(self._copy + _NEW, "wb")
            part = view[: self._walk(view[:filled])]
            self._sha.update(part)
            self._file.write(part)
        except OSError as e:
            raise ValueError("file system: {}".format(e)) from None

    def _walk(self, view):
        """Look at the heads in a block: how much of it is archive."""
        at = 0
        while at < len(view):
            if self._left:
                step = min(self._left, len(view) - at)
                self._left -= step
            elif is_blank(view[at : at + RECORD]):
                self._ended = True
                step = RECORD
            elif self._ended:  # what stands behind an archive
                self._tail += view[at:]
                if len(self._tail) > signature.MOST:
                    raise ValueError("something follows the archive")
                break
            else:
                self._announced(*member(view[at : at + RECORD]))
                step = RECORD
            at += step
        return min(at, len(view))

    def _announced(self, name, size):
        if len(self._tail) or self._files == _MOST_FILES:
            raise ValueError("too many files")
        if not (is_safe(name) or (self._files == 0 and name == "update.txt")):
            raise ValueError("the archive has an odd name: " + name)
        self._files += 1
        self._left = -(-size // RECORD) * RECORD

    async def finish(self, view):
        """All has come: it starts next, if it is whole, ours, and stands in flash as it should."""
        if not self._ended or self._left:
            raise ValueError("cut off")
        digest, tail = self._sha.digest(), self._tail
        size = signature.size_of(tail) if len(tail) >= signature.HEAD else 0
        if not size or size != len(tail) or tail[12 : signature.HEAD] != digest:
            raise ValueError("the archive is damaged")
        if self._key and not signature.verified(tail, digest, self._key):
            raise ValueError("not signed with this camera's key")
        self._file.close()
        if await _digest_of(self._copy + _NEW, view) != digest:
            raise ValueError("the flash does not hold what was written")
        os.rename(self._copy + _NEW, self._copy + ".tar")
        self._of.nvs.set_blob("OTA_TRIED", "{} {}".format(self._copy, self.name).encode())
        self._of.nvs.commit()
        self._of.appslot().choose(self._copy)

    def abandon(self):
        """Nothing is left of what did not become a copy."""
        if self._file:
            self._file.close()
            _remove_file(self._copy + _NEW)


async def _digest_of(path, view):
    sha = hashlib.sha256()
    with open(path, "rb") as file:
        got = file.readinto(view)
        while got:
            sha.update(view[:got])
            await asyncio.sleep_ms(0)
            got = file.readinto(view)
    return sha.digest()


def _check_room(copy, total):
    """What is there of this copy goes first; ValueError says what is missing."""
    block, _, _, free = os.statvfs(".")[:4]
    free += sum([_blocks(path, block) for path in _left_of(copy)])
    needed = -(-total // block) + _BLOCKS_BESIDE
    if needed > free:
        text = "too big: it needs {} blocks of {} bytes, {} are free"
        raise ValueError(text.format(needed, block, free))


def _left_of(copy):
    """What there may be of a copy; a folder is of an earlier firmware."""
    return copy + ".tar", copy + _NEW, copy


def _blocks(path, block):
    """Of a file, or of a folder, which has two of its own."""
    try:
        return 2 + sum([_blocks(path + "/" + entry[0], block) for entry in os.ilistdir(path)])
    except OSError:
        pass
    try:
        return -(-os.stat(path)[6] // block)
    except OSError:
        return 0


def _remove(copy):
    for path in _left_of(copy):
        _remove_all(path)


def _remove_all(path):
    """A file, or a folder with all that is in it; one that is not there is gone already."""
    try:
        for name in [entry[0] for entry in os.ilistdir(path)]:
            _remove_all(path + "/" + name)
        os.rmdir(path)
    except OSError:
        _remove_file(path)


def _remove_file(path):
    try:
        os.remove(path)
    except OSError:
        pass
