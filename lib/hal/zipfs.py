"""A ZIP archive as a file system, so that a copy of the application runs from the file itself.

boot.py mounts it. The archive is read only. It is opened once, because littlefs reads the flash
dozens of times to open a file, and a name that it does not contain is not searched in flash.
Compressed files are unpacked as a whole when they are opened.
"""

import io
from array import array
from binascii import crc32
from errno import EINVAL, EISDIR, ENOENT

import deflate
from micropython import const

from config import limits
from proto.zip import END, END_BYTES, ENTRY, ENTRY_BYTES, FILE, FILE_BYTES, STORED, Header

_EROFS = const(30)
_FOLDER = const(0x4000)
_FILE = const(0x8000)
_CLOSE = const(4)  # ioctl requests of MicroPython's streams
_BUFFER_SIZE = const(11)
_CHUNK = const(240)  # bytes that an import reads at once
_LARGEST_WINDOW = const(15)  # of ZIP, as a power of 2; a smaller file needs only a smaller one


class ZipFS:
    """Read-only file system; raises OSError or ValueError for an archive that is not whole."""

    def __init__(self, path):
        self._hashes = bytearray()  # two bytes of the name of each file and folder
        self._entries = array("I")  # where its entry is; for a folder, that of its first file
        self._file = open(path, "rb")
        try:
            self._index()
        except Exception:
            self._file.close()
            raise
        self._hashes = bytes(self._hashes)  # not every MicroPython finds in a bytearray

    def _index(self):
        place, folder = self._file.seek(0, 2) - END_BYTES, ""
        if place < 0:
            raise OSError(EINVAL)
        end = self._header(place, END_BYTES, END)
        if end.files > limits.ARCHIVE_FILES:
            raise OSError(EINVAL)
        at = end.offset
        for _ in range(end.files):
            entry = self._entry(at)
            folder = self._add_folders(entry.name, folder, at)
            self._add(entry.name, at)
            at += ENTRY_BYTES + len(entry.name)
        if at != place:
            raise OSError(EINVAL)

    def _entry(self, at):
        return self._header(at, ENTRY_BYTES + limits.ARCHIVE_NAME_BYTES, ENTRY)

    def _header(self, at, size, kind):
        """Return the header of a kind that begins at an offset, and has at most `size` bytes."""
        self._file.seek(at)
        header = Header()
        header.feed(self._file.read(size))
        if not header.complete or header.kind != kind:
            raise OSError(EINVAL)
        return header

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
        self._entries.append(at)

    def mount(self, read_only, make):
        if make:
            raise OSError(_EROFS)

    def umount(self):
        self._file.close()

    def open(self, path, mode):
        if any([char in mode for char in "wa+x"]):
            raise OSError(_EROFS)
        name = path.strip("/")
        entry = self._find(name)
        if not entry:
            raise OSError(EISDIR)
        limit = FILE_BYTES + limits.ARCHIVE_NAME_BYTES
        if not self._header(entry.offset, limit, FILE).matches(entry):
            raise OSError(EINVAL)
        start = entry.offset + FILE_BYTES + len(name)
        if entry.method == STORED:
            return _File(self._file, start, entry.size)
        return self._unpacked(entry, start)

    def _unpacked(self, entry, start):
        self._file.seek(start)
        packed = io.BytesIO(self._file.read(entry.packed))
        window = 8
        while window < _LARGEST_WINDOW and 1 << window < entry.size:
            window += 1
        data = deflate.DeflateIO(packed, deflate.RAW, window).read(entry.size)
        if len(data) != entry.size:
            raise OSError(EINVAL)
        return io.BytesIO(data)

    def stat(self, path):
        entry = self._find(path.strip("/"))
        size = entry.size if entry else 0
        return (_FILE if entry else _FOLDER, 0, 0, 0, 0, 0, size, 0, 0, 0)

    def ilistdir(self, path):
        """Yield (name, kind, 0, size) for each entry of a folder."""
        folder = path.strip("/")
        start = folder + "/" if folder else ""
        if self._find(folder):
            raise OSError(ENOENT)
        seen = set()
        for at in sorted(set(self._entries)):
            entry = self._entry(at)
            own, deeper, _ = entry.name[len(start) :].partition("/")
            if entry.name.startswith(start) and own not in seen:
                seen.add(own)
                yield (own, _FOLDER, 0, 0) if deeper else (own, _FILE, 0, entry.size)

    def chdir(self, path):
        if path.strip("/"):
            raise OSError(ENOENT)

    def getcwd(self):
        return "/"

    def mkdir(self, *paths):
        raise OSError(_EROFS)

    remove = rmdir = rename = mkdir

    def _find(self, name):
        """Return the entry of a file, None for a folder; or OSError(ENOENT)."""
        wanted = _hash(name)
        at = self._hashes.find(wanted)
        while at >= 0:
            if not at & 1:  # not the second byte of a hash and the first one of the next
                entry = self._entry(self._entries[at >> 1])
                if entry.name == name:
                    return entry
                if entry.name.startswith(name + "/"):
                    return None
            at = self._hashes.find(wanted, at + 1)
        if name:
            raise OSError(ENOENT)
        return None


class _File(io.IOBase):
    """An open file that is stored as it is; all of them read through the archive's one file."""

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
