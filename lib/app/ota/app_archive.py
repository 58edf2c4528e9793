"""An archive of the application, written next to the copy that runs.

It begins with the file `update.txt` (project, version, bytecode) and ends with the block of
proto.signature, which contains its SHA-256 even if it is not signed. The archive stays as it
arrived, and boot.py mounts it.
"""

import asyncio
import hashlib
import os
import sys

from micropython import const

from config import limits, product
from proto import signature
from proto.espimage import older
from proto.zip import END, FILE, STORED, Header, is_safe

_FOLDER = const(0x4000)  # of ilistdir


class AppArchive:
    """Made from the first bytes: ValueError if the archive must not be written.

    `key` is the public key that must have signed it, or None.
    """

    lost = ""  # of a firmware image without a name (app.ota.image)

    def __init__(self, head, total, force, key, copies, nvs):
        project, self.version, bytecode = _described(head)
        self.name = "{} {}".format(project, self.version)
        self._key = key
        self._copies = copies
        self._nvs = nvs
        self._check(project, bytecode, force)
        self._copy = copies.spare()
        self._path, self._new_path = copies.files(self._copy)[:2]
        _check_room(copies.files(self._copy), total)
        self._sha = hashlib.sha256()
        self._file = None
        self._header = Header()
        self._files = self._entries = 0
        self._left = 0  # bytes of the current file, up to the next header
        self._ended = False
        self._tail = bytearray()  # what follows the archive

    def _check(self, project, bytecode, force):
        if project != product.NAME:
            text = "{} is another project; this camera runs {}"
            raise ValueError(text.format(project, product.NAME))
        ours = sys.implementation._mpy & 0x3FFF
        if bytecode != str(ours):
            raise ValueError("bytecode {} is not for this board ({})".format(bytecode, ours))
        if force:
            return
        if self._nvs.get_blob("OTA_FAILED", b"") == self.name.encode():
            raise ValueError(self.name + " has failed already")
        if older(self.version, product.VERSION):
            raise ValueError("{} is older than {}".format(self.version, product.VERSION))

    async def write(self, view, filled):
        """Check and write a piece."""
        try:
            if not self._file:
                self._copies.forget(self._copy)
                self._copies.remove(self._copy)
                self._file = open(self._new_path, "wb")
            part = view[: self._scan(view[:filled])]
            self._sha.update(part)
            self._file.write(part)
        except OSError as e:
            raise ValueError("file system: {}".format(e)) from None

    def _scan(self, view):
        """Check the headers in a piece; return the number of bytes that belong to the archive."""
        at = 0
        while at < len(view):
            if self._left:
                step = min(self._left, len(view) - at)
                self._left -= step
                at += step
            elif self._ended:
                self._tail += view[at:]
                if len(self._tail) > signature.BLOCK_BYTES:
                    raise ValueError("unexpected data follows the archive")
                break
            else:
                at += self._header.feed(view[at:])
                if self._header.complete:
                    self._pass(self._header)
                    self._header = Header()
        return at

    def _pass(self, header):
        """Check a header; the archive consists of files, their entries, and the end."""
        if header.kind == END:
            if not self._files == self._entries == header.files:
                raise ValueError("the archive is damaged")
            self._ended = True
            return
        is_file = header.kind == FILE
        if is_file and (self._entries or self._files == limits.ARCHIVE_FILES):
            raise ValueError("the archive has too many files")
        first = not (self._files if is_file else self._entries)
        if not (is_safe(header.name) or (first and header.name == "update.txt")):
            raise ValueError("the archive contains an invalid file name: " + header.name)
        if is_file:
            self._files += 1
            self._left = header.packed
        else:
            self._entries += 1

    async def finish(self, view):
        """Let the copy start next; ValueError unless it is whole, signed and intact in flash."""
        if not self._ended or self._left:
            raise ValueError("cut off")
        digest = self._sha.digest()
        if not signature.belongs(self._tail, digest):
            raise ValueError("the archive is damaged")
        if self._key and not signature.verified(self._tail, digest, self._key):
            raise ValueError("not signed with this camera's key")
        try:
            self._file.close()
            if await _digest_of(self._new_path, view) != digest:
                raise ValueError("the flash does not hold what was written")
            os.rename(self._new_path, self._path)
            self._nvs.set_blob("OTA_TRIED", "{} {}".format(self._copy, self.name).encode())
            self._nvs.commit()
            self._copies.choose(self._copy)
        except OSError as e:
            raise ValueError("file system: {}".format(e)) from None

    def abandon(self):
        """Remove what was written."""
        if self._file:
            self._file.close()
            try:
                os.remove(self._new_path)
            except OSError:  # it is complete, and has its final name
                pass


def _described(head):
    """Return (project, version, bytecode) from an archive's first file; ValueError without it."""
    header = Header()
    at = header.feed(head)
    if header.complete and header.kind == FILE and header.name == "update.txt":
        if header.method == STORED and header.size <= len(head) - at:
            fields = bytes(head[at : at + header.size]).decode().split()
            if len(fields) == 3:
                return fields
    raise ValueError("the archive is not an update")


async def _digest_of(path, view):
    sha = hashlib.sha256()
    with open(path, "rb") as file:
        got = file.readinto(view)
        while got:
            sha.update(view[:got])
            await asyncio.sleep_ms(0)
            got = file.readinto(view)
    return sha.digest()


def _check_room(paths, total):
    """Raise ValueError if an archive does not fit in place of what is at `paths`."""
    block, _, _, free = os.statvfs("/")[:4]
    free += 2 * _folders("/")  # VfsLfs2 counts the two blocks of a folder twice
    free += sum([_blocks(path, block) for path in paths])
    needed = -(-total // block) + limits.ARCHIVE_SPARE_BLOCKS
    if needed > free:
        text = "too big: it needs {} blocks of {} bytes, {} are free"
        raise ValueError(text.format(needed, block, free))


def _folders(path):
    """Return the number of folders below a path that ends with "/"."""
    inner = [entry[0] for entry in os.ilistdir(path) if entry[1] == _FOLDER]
    return len(inner) + sum([_folders(path + name + "/") for name in inner])


def _blocks(path, block):
    """Return the blocks of a file, or of a folder, which takes two itself; 0 if there is none."""
    try:
        return 2 + sum([_blocks(path + "/" + entry[0], block) for entry in os.ilistdir(path)])
    except OSError:
        pass
    try:
        return -(-os.stat(path)[6] // block)
    except OSError:
        return 0
