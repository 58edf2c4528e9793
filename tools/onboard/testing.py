# Sent to the board's prompt: provides a module from memory, so that no file is written.
import io
import os
import sys


class _OneFile:
    """Read-only file system with one file in memory."""

    def __init__(self, name, data):
        self._name = name
        self._data = data

    def mount(self, read_only, make):
        pass

    def umount(self):
        pass

    def stat(self, path):
        if path.lstrip("/") != self._name:
            raise OSError(2)
        return (0x8000, 0, 0, 0, 0, 0, len(self._data), 0, 0, 0)

    def open(self, path, mode):
        return io.BytesIO(self._data)


def mount_module(name, data):
    """Make a .mpy file importable until the next reset."""
    os.mount(_OneFile(name, data), "/memory")
    sys.path.append("/memory")
