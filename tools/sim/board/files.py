"""The board's file system: a folder of the PC, as large as the partition `vfs` of its flash."""

import io
from os import VfsPosix

import world

_BLOCK = 4_096
_DATA = 1  # the type of such a partition
_ANY = 0xFF
_FOLDER = 0x4000
_ENOSPC = 28
_CLOSE = 4  # a request of MicroPython's streams


class Files:
    """What MicroPython mounts at `/`."""

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
        """A file that is written takes a block at least: a full flash refuses it."""
        if not any([char in mode for char in "wa+"]):
            return self._posix.open(path, mode)
        if self.free() < 1 and "+" not in mode:
            raise OSError(_ENOSPC)
        return _Written(self, self._posix.open(path, mode))

    def free(self):
        """Blocks that nothing takes."""
        return self._blocks - self._used("/")

    def getcwd(self):
        return "/" + self._posix.getcwd().lstrip("/")

    def rename(self, old, new):
        """The interpreter has room for one path of a folder's: the other one is relative."""
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
        """Blocks taken; each folder has two of its own."""
        count = 2
        for name, kind, *_ in self._posix.ilistdir(folder):
            path = folder + name
            if kind == _FOLDER:
                count += self._used(path + "/")
            else:
                count += -(-self._posix.stat(path)[6] // _BLOCK)
        return count


class _Written(io.IOBase):
    """A file that is written: what finds no block is refused (ENOSPC), as by littlefs."""

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
