"""The board's file system as the PC sees it: littlefs in the partition `vfs`.

The PC reads files at any time, and changes them only while the board is off.
"""

import contextlib
from pathlib import Path

from flashchip import SECTOR, Flash
from littlefs import LittleFS, LittleFSError, UserContext
from partitions import DATA, Partitions

PARAMETERS = {  # of MicroPython's VfsLfs2 on the ESP32; its disk version is 2.1
    "block_size": SECTOR,
    "read_size": 32,
    "prog_size": 32,
    "cache_size": 128,
    "lookahead_size": 32,
    "block_cycles": 100,
    "disk_version": 0x00020001,
}


class _Blocks(UserContext):
    """Snapshot of a partition; changes go to the flash, too, and count no flash operation."""

    def __init__(self, flash, place):
        self._flash = flash
        self._at = place.offset
        self._cells = bytearray(flash.read(place.offset, place.size))

    def read(self, config, block, offset, size):
        at = block * SECTOR + offset
        return self._cells[at : at + size]

    def prog(self, config, block, offset, data):
        at = block * SECTOR + offset
        self._cells[at : at + len(data)] = data
        self._flash.burn(self._at + at, data)
        return 0

    def erase(self, config, block):
        return self.prog(config, block, 0, b"\xff" * SECTOR)


class BoardFiles:
    """Files of a board; paths are relative to the root."""

    def __init__(self, flash, partitions):
        self._flash = flash
        self._place = partitions.first(DATA, label="vfs")

    @classmethod
    def of(cls, state):
        """Return the files of a state folder of the simulated board."""
        flash = Flash(state / "flash.bin")
        partitions = Partitions(flash)
        partitions.load()
        return cls(flash, partitions)

    def read(self, path):
        """Return a file's bytes; raise FileNotFoundError if there is none."""
        with self._mounted() as fs, fs.open(path, "rb") as file:
            return file.read()

    def paths(self):
        """Return the sorted paths of all files."""
        with self._mounted() as fs:
            return sorted(
                f"{folder}/{name}".lstrip("/")
                for folder, _, names in fs.walk("/")
                for name in names
            )

    def write(self, path, data):
        """Write a file and the folders above it; a blank partition is formatted first."""
        with self._mounted(format=True) as fs:
            if "/" in path:
                fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            with fs.open(path, "wb") as file:
                file.write(data)

    def remove(self, path):
        """Remove a file; a missing one is ignored."""
        with self._mounted(format=True) as fs, contextlib.suppress(FileNotFoundError):
            fs.remove(path)

    def adopt(self, folder):
        """Copy the files of a folder, where earlier versions of the simulator kept them."""
        if folder.is_dir():
            for path in filter(Path.is_file, folder.rglob("*")):
                self.write(path.relative_to(folder).as_posix(), path.read_bytes())
            folder.rename(folder.with_suffix(".old"))

    @contextlib.contextmanager
    def _mounted(self, format=False):
        """Mount a snapshot for one access, because the board may write at any time."""
        blocks = _Blocks(self._flash, self._place)
        fs = LittleFS(blocks, False, block_count=self._place.size // SECTOR, **PARAMETERS)
        try:
            fs.mount()
        except LittleFSError:
            if not format:
                raise FileNotFoundError("the board has no file system yet") from None
            fs.format()
            fs.mount()
        yield fs
        fs.unmount()
