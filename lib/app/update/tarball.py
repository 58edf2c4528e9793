"""An application on its way into the folder that does not run; `of` is the Updater.

The archive begins with the file `update.txt` (project, version, bytecode) and ends with the block
of proto.signature, which holds its SHA-256 also where it is not signed.
"""

import hashlib
import os
import sys

from aio.late import borrow
from config import product
from proto import signature
from proto.espimage import older
from proto.tar import RECORD, is_blank, is_safe, member

_MOST_FILES = 400


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
        self._folder = of.appslot().spare()
        self._check(told, of.force)
        if total > _free_bytes(self._folder):
            raise ValueError("too big: {} bytes".format(total))
        self._key = borrow("app.update.key").read(of.settings["otakey"])
        self._sha = hashlib.sha256()
        self._seen = bytearray(32)  # of all files: their digests, added bit by bit
        self._file = self._file_sha = None
        self._files = self._left = 0
        self._ended = False
        self._tail = bytearray()
        self._begun = False

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
        """Unpack a block; only the last one is not full."""
        if not self._begun:
            self._begun = True
            _remove(self._folder)
            os.mkdir(self._folder)
        try:
            self._unpack(view[:filled])
        except OSError as e:
            raise ValueError("file system: {}".format(e)) from None

    def _unpack(self, view):
        at = 0
        while at < len(view):
            record = view[at : at + RECORD]
            if self._left:
                part = view[at : at + self._left]
                self._file.write(part)
                self._file_sha.update(part)
                self._left -= len(part)
                step = -(-len(part) // RECORD) * RECORD
                if not self._left:
                    self._close()
            elif is_blank(record):
                self._ended = True
                step = RECORD
            elif self._ended:  # what stands behind an archive
                self._tail += view[at:]
                if len(self._tail) > signature.MOST:
                    raise ValueError("something follows the archive")
                return
            else:
                self._open(*member(record))
                step = RECORD
            self._sha.update(view[at : at + step])
            at += step

    def _open(self, name, size):
        if len(self._tail) or self._files == _MOST_FILES:
            raise ValueError("too many files")
        if not (is_safe(name) or (self._files == 0 and name == "update.txt")):
            raise ValueError("the archive has an odd name: " + name)
        self._files += 1
        path = self._folder
        for part in name.split("/"):
            if path != self._folder or part != name:
                _make_folder(path)
            path += "/" + part
        self._file = open(path, "wb")
        self._file_sha = hashlib.sha256(path.encode())
        self._left = size
        if not size:
            self._close()

    def _close(self):
        self._file.close()
        _add(self._seen, self._file_sha.digest())
        self._file = None

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
        held = bytearray(32)
        _read_back(self._folder, held, view)
        if held != self._seen:
            raise ValueError("the flash does not hold what was written")
        os.remove(self._folder + "/update.txt")
        self._of.nvs.set_blob("OTA_TRIED", "{} {}".format(self._folder, self.name).encode())
        self._of.nvs.commit()
        self._of.appslot().choose(self._folder)


def _add(total, digest):
    for i in range(32):
        total[i] ^= digest[i]


def _read_back(folder, total, view):
    """Add the digests of all files in a folder, whatever their order."""
    for name, kind in [entry[:2] for entry in os.ilistdir(folder)]:
        path = folder + "/" + name
        if kind == 0x4000:
            _read_back(path, total, view)
            continue
        sha = hashlib.sha256(path.encode())
        with open(path, "rb") as f:
            got = f.readinto(view)
            while got:
                sha.update(view[:got])
                got = f.readinto(view)
        _add(total, sha.digest())


def _make_folder(path):
    try:
        os.mkdir(path)
    except OSError:  # it is there; if it is not, opening the file says so
        pass


def _remove(folder):
    """A folder and all that is in it; one that is not there is gone already."""
    try:
        entries = [entry[:2] for entry in os.ilistdir(folder)]
    except OSError:
        return
    for name, kind in entries:
        if kind == 0x4000:
            _remove(folder + "/" + name)
        else:
            os.remove(folder + "/" + name)
    os.rmdir(folder)


def _free_bytes(folder):
    """What the file system has room for, with what stands in this folder."""
    size, _, _, free = os.statvfs(".")[:4]
    return size * free + _size(folder)


def _size(folder):
    try:
        entries = [entry for entry in os.ilistdir(folder)]
    except OSError:
        return 0
    total = 0
    for entry in entries:
        path = folder + "/" + entry[0]
        total += _size(path) if entry[1] == 0x4000 else os.stat(path)[6]
    return total
