"""The board's file system: a folder of the PC, as large as the flash of the chip leaves it."""

from os import VfsPosix

_BLOCK = 4_096
_BLOCKS = 240  # of the partition "vfs" in the 4 MB layout with two application slots
_FOLDER = 0x4000
_ENOSPC = 28


class Files:
    """What MicroPython mounts at `/`."""

    def __init__(self, folder):
        self._posix = posix = VfsPosix(folder)
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
        if ("w" in mode or "a" in mode) and self._used("/") >= _BLOCKS:
            raise OSError(_ENOSPC)
        return self._posix.open(path, mode)

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
        free = _BLOCKS - self._used("/")
        return (_BLOCK, _BLOCK, _BLOCKS, free, free, 0, 0, 0, 0, 255)

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
