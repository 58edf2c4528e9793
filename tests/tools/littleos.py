"""The board's file system under the firmware's code in this process: `os` and `open` on littlefs.

Each write and erase of littlefs is an operation of the simulated flash, so power cuts hit it as on
the chip.
"""

import contextlib
import os

from boardfiles import PARAMETERS
from errors import PowerFailure
from flashchip import SECTOR
from littlefs import LittleFS, LittleFSError, UserContext, lfs
from partitions import DATA

_IO_ERROR = -5
_EIO = 5
_FOLDER, _FILE = 0x4000, 0x8000


class _Blocks(UserContext):
    """Partition `vfs` of a flash; after a power cut nothing changes any more."""

    def __init__(self, flash, place):
        self._flash = flash
        self._at = place.offset
        self.failed = False

    def read(self, config, block, offset, size):
        return self._flash.read(self._at + block * SECTOR + offset, size)

    def prog(self, config, block, offset, data):
        return self._change(self._flash.write, self._at + block * SECTOR + offset, data)

    def erase(self, config, block):
        return self._change(self._flash.erase, self._at + block * SECTOR)

    def _change(self, change, *args):
        # an exception does not pass littlefs
        if not self.failed:
            try:
                change(*args)
                return 0
            except PowerFailure:
                self.failed = True
        return _IO_ERROR


class LittleOS:
    """Stands in for the module `os`, and has `open`; `mount` is due at each start of the board."""

    def __init__(self):
        self._blocks = self._fs = None

    def __getattr__(self, name):
        return getattr(os, name)

    def mount(self, board):
        if self._blocks:
            self._blocks.failed = True  # files still open from before the restart change nothing
        place = board.parts.first(DATA, label="vfs")
        self._blocks = _Blocks(board.flash, place)
        count = place.size // SECTOR
        self._fs = LittleFS(self._blocks, False, block_count=count, **PARAMETERS)
        try:
            self._fs.mount()
        except LittleFSError:
            self._fs.format()
            self._fs.mount()

    @contextlib.contextmanager
    def errors(self):
        """Raise littlefs' errors as the board does, and PowerFailure once the power is off."""
        try:
            yield
        except LittleFSError as error:
            if self._blocks.failed:
                raise PowerFailure from None
            raise OSError(-error.code or _EIO, str(error)) from None

    def _do(self, function, *args):
        with self.errors():
            return function(*args)

    def open(self, path, mode="r"):
        handle = self._do(lfs.file_open, self._fs.fs, path, mode)
        return (File if "b" in mode else TextFile)(self, self._fs.fs, handle)

    def names(self):
        return sorted(self._do(self._fs.listdir, "/"))

    def read(self, path):
        with self.open(path, "rb") as file:
            return file.read()

    def stat(self, path):
        return (0,) * 6 + (self._do(self._fs.stat, path).size,)

    def statvfs(self, path):
        """Return the result of VfsLfs2, which counts the two blocks of each folder twice."""
        count, used = self._fs.block_count, self._fs.used_block_count
        folders = sum(len(names) for _, names, _ in self._fs.walk("/"))
        return SECTOR, SECTOR, count, count - used - 2 * folders

    def ilistdir(self, path):
        found = self._do(lambda: list(self._fs.scandir(path)))
        return [(entry.name, _FOLDER if entry.type == 2 else _FILE) for entry in found]

    def mkdir(self, path):
        self._do(self._fs.mkdir, path)

    def rename(self, old, new):
        self._do(self._fs.rename, old, new)

    def remove(self, path):
        self._do(self._fs.remove, path)

    def rmdir(self, path):
        self._do(self._fs.rmdir, path)


class File:
    """Open file; not littlefs' own FileHandle, which closes a second time when it is collected."""

    def __init__(self, files, fs, handle):
        self._files = files
        self._fs = fs
        self._handle = handle

    def readinto(self, buffer):
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def read(self, size=-1):
        return lfs.file_read(self._fs, self._handle, size if size >= 0 else 1 << 20)

    def seek(self, offset, whence=0):
        return lfs.file_seek(self._fs, self._handle, offset, whence)

    def write(self, data):
        with self._files.errors():
            return lfs.file_write(self._fs, self._handle, bytes(data))

    def close(self):
        handle, self._handle = self._handle, None
        if handle:  # as on the board, a second close does nothing, even if the first one failed
            with self._files.errors():
                lfs.file_close(self._fs, handle)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def __del__(self):
        with contextlib.suppress(Exception):  # as on the board, whose files have a finaliser
            self.close()


class TextFile(File):
    """Open file for text."""

    def read(self, size=-1):
        return super().read(size).decode()

    def write(self, text):
        return super().write(text.encode())
