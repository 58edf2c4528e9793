"""File system of the board: a folder on the PC, limited to the size of the `vfs` partition."""

import io
from os import VfsPosix

import world

_BLOCK = 4_096
_DATA = 1  # partition type
_ANY = 0xFF
_FOLDER = 0x4000
_ENOSPC = 28
_CLOSE = 4  # MP_STREAM_CLOSE


class Files:
    """File system that MicroPython mounts at `/`."""

    def __init__(self, folder):
        self._posix = posix = VfsPosix(folder)
        self._blocks = world.call("part.find", _DATA, _ANY, "vfs")[0][3] // _BLOCK
        self.stat = posix.stat
        self.chdir = posix.chdir
        self.ilistdir = posix.ilistdir
        self.mkdir = posix.mkdir
        self.remove = posix.remove
        self.rmdir = posix.rmdir

    def mount(self, read_only, make):
        pass

    def umount(self):
        pass

    def open(self, path, mode):
        """Open a file; raise OSError (ENOSPC) if a new file finds no free block."""
        if not any([char in mode for char in "wa+"]):
            return self._posix.open(path, mode)
        if self.free() < 1 and "+" not in mode:
            raise OSError(_ENOSPC)
        return _Written(self, self._posix.open(path, mode))

    def free(self):
        """Return the number of free blocks."""
        return self._blocks - self._used("/")

    def getcwd(self):
        return "/" + self._posix.getcwd().lstrip("/")

    def rename(self, old, new):
        """Rename a file, with a relative path because VfsPosix has one path buffer."""
        here = self.getcwd()
        self._posix.chdir("/")
        try:
            self._posix.rename(old[1:] if old[0] == "/" else old, new)
        finally:
            self._posix.chdir(here)

    def statvfs(self, path):
        free = self.free()
        return (_BLOCK, _BLOCK, self._blocks, free, free, 0, 0, 0, 0, 255)

    def _used(self, folder):
        """Return the number of used blocks; each folder itself uses two."""
        count = 2
        for name, kind, *_ in self._posix.ilistdir(folder):
            path = folder + name
            if kind == _FOLDER:
                count += self._used(path + "/")
            else:
                count += -(-self._posix.stat(path)[6] // _BLOCK)
        return count


class _Written(io.IOBase):
    """File open for writing; raises OSError (ENOSPC) without a free block, like littlefs."""

    def __init__(self, files, file):
        self._files = files
        self._file = file
        at = file.tell()
        self._owned = -(-file.seek(0, 2) // _BLOCK)
        file.seek(at)

    def write(self, data):
        size = len(data.encode() if isinstance(data, str) else data)
        wanted = -(-(self._file.tell() + size) // _BLOCK)
        if wanted > self._owned:
            if wanted - self._owned > self._files.free():
                raise OSError(_ENOSPC)
            self._owned = wanted
        return self._file.write(data)

    def readinto(self, buffer):
        return self._file.readinto(buffer)

    def ioctl(self, request, argument):
        if request == _CLOSE:
            self._file.close()
        return 0

    def __getattr__(self, name):
        return getattr(self._file, name)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self._file.close()
