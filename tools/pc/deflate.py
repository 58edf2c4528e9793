"""MicroPython's `deflate` for CPython, as far as the firmware unpacks files with it."""

import zlib

RAW, GZIP = 1, 3


class DeflateIO:
    """Reads a compressed stream of at most 2**`window` bytes of history."""

    def __init__(self, stream, form, window, close=False):
        self._unpack = zlib.decompressobj(-window if form == RAW else window + 16)
        self._stream = stream

    def read(self, size=-1):
        try:
            return self._unpack.decompress(self._stream.read(), max(size, 0))
        except zlib.error as error:
            raise OSError(22, str(error)) from None
