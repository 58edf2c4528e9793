"""A tar archive as a file system: a copy of the application runs from the file as it arrived.

boot.py mounts it. The archive is read only; each file begins at a record of 512 bytes.
"""

import io
from array import array
from binascii import crc32
from errno import EINVAL, EISDIR, ENOENT

from micropython import const

from proto.tar import RECORD, is_blank, member

_EROFS = const(30)
_FOLDER = const(0x4000)
_FILE = const(0x8000)
_MAX_RECORDS = const(4_096)  # 2 MB: larger than any file system on 4 MB of flash
_CLOSE = const(4)  # ioctl requests of MicroPython's streams
_BUFFER_SIZE = const(11)
_CHUNK = const(240)  # bytes that an import reads at once


class TarFS:
    """Read-only file system; raises OSError or ValueError for an archive that is not whole."""

    def __init__(self, path):
        self._path = path
        self._hashes = array("H")  # of the name of each file and folder
        self._records = array("H")  # its header; for a folder that of the first file in it
        record = bytearray(RECORD)
        at, folder = 0, ""
        with open(path, "rb") as file:
            end = file.seek(0, 2) // RECORD
            while True:
                if at >= min(end, _MAX_RECORDS):
                    raise OSError(EINVAL)  # the blank record at the end is missing
                name, size = _header(file, at, record)
                if not name:
                    break
                folder = self._add_folders(name, folder, at)
                self._add(name, at)
                at += 1 - -size // RECORD

    def _add_folders(self, name, known, at):
        """Add the folders of a file that the file before it was not in; return the innermost."""
        parts = name.split("/")
        for n in range(1, len(parts)):
            folder = "/".join(parts[:n])
            if not (known + "/").startswith(folder + "/"):
                self._add(folder, at)
        return "/".join(parts[:-1])

    def _add(self, name, at):
        self._hashes.append(_hash(name))
        self._records.append(at)

    def mount(self, read_only, make):
        if make:
            raise OSError(_EROFS)

    def umount(self):
        pass

    def open(self, path, mode):
        if any([char in mode for char in "wa+x"]):
            raise OSError(_EROFS)
        at, size = self._find(path.strip("/"))
        if at < 0:
            raise OSError(EISDIR)
        return _File(self._path, at, size)

    def stat(self, path):
        at, size = self._find(path.strip("/"))
        return (_FOLDER if at < 0 else _FILE, 0, 0, 0, 0, 0, size, 0, 0, 0)

    def ilistdir(self, path):
        """Yield (name, kind, 0, size) for each entry of a folder."""
        folder = path.strip("/")
        start = folder + "/" if folder else ""
        if self._find(folder)[0] >= 0:
            raise OSError(ENOENT)
        seen, record = set(), bytearray(RECORD)
        with open(self._path, "rb") as file:
            for at in sorted(set(self._records)):
                name, size = _header(file, at, record)
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
        for i in range(len(self._hashes)):
            if self._hashes[i] == wanted:
                with open(self._path, "rb") as file:
                    found, size = _header(file, self._records[i], bytearray(RECORD))
                if found == name:
                    return (self._records[i] + 1) * RECORD, size
                if found.startswith(name + "/"):
                    return -1, 0
        if name:
            raise OSError(ENOENT)
        return -1, 0


class _File(io.IOBase):
    """An open file of the archive."""

    def __init__(self, path, at, size):
        self._start = at
        self._size = self._left = size
        self._file = open(path, "rb")
        self._file.seek(at)

    def readinto(self, buffer):
        got = self._file.readinto(memoryview(buffer)[: self._left])
        self._left -= got
        return got

    def read(self, limit=-1):
        return self._taken(self._file.read(self._left if limit < 0 else min(limit, self._left)))

    def readline(self):
        return self._taken(self._file.readline(self._left))

    def _taken(self, data):
        self._left -= len(data)
        return data

    def seek(self, offset, whence=0):
        at = offset + (0, self._size - self._left, self._size)[whence]
        at = max(0, min(at, self._size))
        self._left = self._size - at
        self._file.seek(self._start + at)
        return at

    def close(self):
        self._file.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.close()

    def ioctl(self, request, argument):
        if request == _CLOSE:
            self.close()
            return 0
        return _CHUNK if request == _BUFFER_SIZE else -EINVAL


def _hash(name):
    return crc32(name.encode()) & 0xFFFF


def _header(file, at, record):
    """Return (name, size) of the header at a record; no name for the blank one at the end."""
    file.seek(at * RECORD)
    if file.readinto(record) != RECORD:
        raise OSError(EINVAL)
    return ("", 0) if is_blank(record) else member(record)
