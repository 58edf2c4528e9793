"""A tar archive as a file system: a copy of the application runs from the file as it arrived.

boot.py mounts it. The archive is read only; each file begins at a record of 512 bytes. It is
opened once, because littlefs reads the flash dozens of times to open a file, and a name that it
does not contain is not searched in flash.
"""

import io
from array import array
from binascii import crc32
from errno import EINVAL, EISDIR, ENOENT

from micropython import const

from config import limits
from proto.tar import RECORD, is_blank, member

_EROFS = const(30)
_FOLDER = const(0x4000)
_FILE = const(0x8000)
_CLOSE = const(4)  # ioctl requests of MicroPython's streams
_BUFFER_SIZE = const(11)
_CHUNK = const(240)  # bytes that an import reads at once


class TarFS:
    """Read-only file system; raises OSError or ValueError for an archive that is not whole."""

    def __init__(self, path):
        self._hashes = bytearray()  # two bytes of the name of each file and folder
        self._records = array("H")  # its header; for a folder that of the first file in it
        self._record = bytearray(RECORD)
        self._file = open(path, "rb")
        try:
            self._index()
        except Exception:
            self._file.close()
            raise
        self._hashes = bytes(self._hashes)  # not every MicroPython finds in a bytearray

    def _index(self):
        at, folder = 0, ""
        end = self._file.seek(0, 2) // RECORD
        while True:
            if at >= min(end, limits.ARCHIVE_RECORDS):
                raise OSError(EINVAL)  # the blank record at the end is missing
            name, size = self._header(at)
            if not name:
                break
            folder = self._add_folders(name, folder, at)
            self._add(name, at)
            at += 1 - -size // RECORD

    def _header(self, at):
        """Return (name, size) of the header at a record; no name for the blank one at the end."""
        self._file.seek(at * RECORD)
        if self._file.readinto(self._record) != RECORD:
            raise OSError(EINVAL)
        return ("", 0) if is_blank(self._record) else member(self._record)

    def _add_folders(self, name, known, at):
        """Add the folders of a file that the file before it was not in; return the innermost."""
        parts = name.split("/")
        for n in range(1, len(parts)):
            folder = "/".join(parts[:n])
            if not (known + "/").startswith(folder + "/"):
                self._add(folder, at)
        return "/".join(parts[:-1])

    def _add(self, name, at):
        self._hashes.extend(_hash(name))
        self._records.append(at)

    def mount(self, read_only, make):
        if make:
            raise OSError(_EROFS)

    def umount(self):
        self._file.close()

    def open(self, path, mode):
        if any([char in mode for char in "wa+x"]):
            raise OSError(_EROFS)
        at, size = self._find(path.strip("/"))
        if at < 0:
            raise OSError(EISDIR)
        return _File(self._file, at, size)

    def stat(self, path):
        at, size = self._find(path.strip("/"))
        return (_FOLDER if at < 0 else _FILE, 0, 0, 0, 0, 0, size, 0, 0, 0)

    def ilistdir(self, path):
        """Yield (name, kind, 0, size) for each entry of a folder."""
        folder = path.strip("/")
        start = folder + "/" if folder else ""
        if self._find(folder)[0] >= 0:
            raise OSError(ENOENT)
        seen = set()
        for at in sorted(set(self._records)):
            name, size = self._header(at)
            own, deeper, _ = name[len(start) :].partition("/")
            if name.startswith(start) and own not in seen:
                seen.add(own)
                yield (own, _FOLDER, 0, 0) if deeper else (own, _FILE, 0, size)

    def chdir(self, path):
        if path.strip("/"):
            raise OSError(ENOENT)

    def getcwd(self):
        return "/"

    def mkdir(self, *paths):
        raise OSError(_EROFS)

    remove = rmdir = rename = mkdir

    def _find(self, name):
        """Return (offset of its data, size) of a file, (-1, 0) of a folder; or OSError(ENOENT)."""
        wanted = _hash(name)
        at = self._hashes.find(wanted)
        while at >= 0:
            if not at & 1:  # not the second byte of a hash and the first one of the next
                record = self._records[at >> 1]
                found, size = self._header(record)
                if found == name:
                    return (record + 1) * RECORD, size
                if found.startswith(name + "/"):
                    return -1, 0
            at = self._hashes.find(wanted, at + 1)
        if name:
            raise OSError(ENOENT)
        return -1, 0


class _File(io.IOBase):
    """An open file of the archive; all of them read through the archive's one file."""

    def __init__(self, archive, start, size):
        self._archive = archive
        self._start = start
        self._size = size
        self._at = 0

    def readinto(self, buffer):
        got = self._there().readinto(memoryview(buffer)[: self._size - self._at])
        self._at += got
        return got

    def read(self, limit=-1):
        left = self._size - self._at
        return self._taken(self._there().read(left if limit < 0 else min(limit, left)))

    def readline(self):
        return self._taken(self._there().readline(self._size - self._at))

    def _there(self):
        """Return the archive's file, at the position of this one."""
        self._archive.seek(self._start + self._at)
        return self._archive

    def _taken(self, data):
        self._at += len(data)
        return data

    def seek(self, offset, whence=0):
        at = offset + (0, self._at, self._size)[whence]
        self._at = max(0, min(at, self._size))
        return self._at

    def close(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        pass

    def ioctl(self, request, argument):
        if request == _CLOSE:
            return 0
        return _CHUNK if request == _BUFFER_SIZE else -EINVAL


def _hash(name):
    return (crc32(name.encode()) & 0xFFFF).to_bytes(2, "little")
