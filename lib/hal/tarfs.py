"""A tar archive as a file system to be mounted: the application's copy is the file that came.

Imports nothing of ours: boot.py loads it from the firmware's own copy, to run another one. Heads
are as proto.tar has let them pass (POSIX ustar, plain files); each file begins at a record.
"""

import io
from array import array
from binascii import crc32
from errno import EINVAL, EISDIR, ENOENT

from micropython import const

_EROFS = const(30)
_RECORD = const(512)
_FOLDER = const(0x4000)
_FILE = const(0x8000)
_MOST_RECORDS = const(4_096)  # 2 MB: more than a file system in 4 MB of flash has beside it
_CLOSE = const(4)  # requests of MicroPython's streams
_BUFFER_SIZE = const(11)
_PIECE = const(240)  # what a module is read by at once


class TarFS:
    """Read only. OSError(EINVAL) for an archive that is cut off or damaged."""

    def __init__(self, path):
        self._path = path
        self._marks = array("H")  # of each file's name, and of each folder's
        self._records = array("H")  # where its head is; of a folder that of the first file in it
        record = bytearray(_RECORD)
        at, folder = 0, ""
        with open(path, "rb") as file:
            end = file.seek(0, 2) // _RECORD
            while True:
                if at >= min(end, _MOST_RECORDS):
                    raise OSError(EINVAL)  # the blank record that ends it is missing
                name, size = _head(file, at, record)
                if not name:
                    break
                folder = self._note_folders(name, folder, at)
                self._note(name, at)
                at += 1 - -size // _RECORD

    def _note_folders(self, name, known, at):
        """Note what of the way to a file is not the way to the file before, too."""
        parts = name.split("/")
        for n in range(1, len(parts)):
            folder = "/".join(parts[:n])
            if not (known + "/").startswith(folder + "/"):
                self._note(folder, at)
        return "/".join(parts[:-1])

    def _note(self, name, at):
        self._marks.append(_mark(name))
        self._records.append(at)

    def mount(self, read_only, make):
        if make:
            raise OSError(_EROFS)

    def umount(self):
        pass

    def open(self, path, mode):
        if any([char in mode for char in "wa+x"]):
            raise OSError(_EROFS)
        at, size = self._found(path.strip("/"))
        if at < 0:
            raise OSError(EISDIR)
        return _Member(self._path, at, size)

    def stat(self, path):
        at, size = self._found(path.strip("/"))
        return (_FOLDER if at < 0 else _FILE, 0, 0, 0, 0, 0, size, 0, 0, 0)

    def ilistdir(self, path):
        """(name, kind, 0, size) of what is in a folder, each once."""
        folder = path.strip("/")
        start = folder + "/" if folder else ""
        if self._found(folder)[0] >= 0:
            raise OSError(ENOENT)
        seen, record = set(), bytearray(_RECORD)
        with open(self._path, "rb") as file:
            for at in sorted(set(self._records)):
                name, size = _head(file, at, record)
                own, deeper, _ = name[len(start) :].partition("/")
                if name.startswith(start) and own not in seen:
                    seen.add(own)
                    yield (own, _FOLDER, 0, 0) if deeper else (own, _FILE, 0, size)

    def chdir(self, path):
        """Only the top: nobody works in here."""
        if path.strip("/"):
            raise OSError(ENOENT)

    def getcwd(self):
        return "/"

    def mkdir(self, *paths):
        raise OSError(_EROFS)

    remove = rmdir = rename = mkdir

    def _found(self, name):
        """(where its bytes begin, how many) of a file, (-1, 0) of a folder; OSError(ENOENT)."""
        mark = _mark(name)
        for i in range(len(self._marks)):
            if self._marks[i] == mark:
                with open(self._path, "rb") as file:
                    there, size = _head(file, self._records[i], bytearray(_RECORD))
                if there == name:
                    return (self._records[i] + 1) * _RECORD, size
                if there.startswith(name + "/"):
                    return -1, 0
        if name:
            raise OSError(ENOENT)
        return -1, 0


class _Member(io.IOBase):
    """A file in the archive, opened."""

    def __init__(self, path, at, size):
        self._start = at
        self._size = self._left = size
        self._file = open(path, "rb")
        self._file.seek(at)

    def readinto(self, buffer):
        got = self._file.readinto(memoryview(buffer)[: self._left])
        self._left -= got
        return got

    def read(self, most=-1):
        return self._taken(self._file.read(self._left if most < 0 else min(most, self._left)))

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
        return _PIECE if request == _BUFFER_SIZE else -EINVAL


def _mark(name):
    return crc32(name.encode()) & 0xFFFF


def _head(file, at, record):
    """(name, size) of what a record announces; no name at the blank one that ends the archive."""
    file.seek(at * _RECORD)
    if file.readinto(record) != _RECORD:
        raise OSError(EINVAL)
    if not any(record):
        return "", 0
    prefix, size = _text(record, 345, 155), _number(record, 124, 12)
    if record[257:262] != b"ustar" or _number(record, 148, 8) != _checksum(record):
        raise OSError(EINVAL)
    return (prefix + "/" if prefix else "") + _text(record, 0, 100), size


def _text(record, at, length):
    return bytes(record[at : at + length]).split(b"\0")[0].decode()


def _number(record, at, length):
    return int(bytes(record[at : at + length]).strip(b" \0"), 8)


def _checksum(record):
    """The sum of a head's bytes, its own field taken as spaces."""
    return sum(record) - sum(record[148:156]) + 256
