# Runs on the board, sent to its prompt: lends it a module from memory, so that nothing stays.
import io
import os
import sys


class _Lent:
    """A file system of one file."""

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


def lend(name, data):
    """Let `import` find a module's file, until the next reset."""
    os.mount(_Lent(name, data), "/lent")
    sys.path.append("/lent")
