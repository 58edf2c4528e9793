"""Follows an ESP32 application image from its first byte to its last (proto.espimage)."""

import hashlib
import struct

import micropython
from micropython import const

_SEED = const(0xEF)

_HEADER, _SEGMENT, _DATA = const(0), const(1), const(2)
_PADDING, _DIGEST = const(3), const(4)


@micropython.native
def _fold(data, value):
    for byte in data:  # native: 1.6 MB in 0.03 s on a PC, as bytecode 0.15 s
        value ^= byte
    return value


class Walk:
    """`feed` it an image; once that is complete and right, `whole` is true."""

    def __init__(self):
        self._sha = hashlib.sha256()
        self._small = bytearray(32)
        self._sum = _SEED
        self._segments = 0
        self._state = _HEADER
        self._left = 24
        self.size = 0  # bytes of the image so far
        self.whole = False
        self.digest = None  # SHA-256 of all but itself

    def feed(self, view):
        """Take bytes (a memoryview); how many of them were the image's. Raises ValueError."""
        at = 0
        while at < len(view) and not self.whole:
            n = min(self._left, len(view) - at)
            part = view[at : at + n]
            if self._state != _DIGEST:
                self._sha.update(part)
            if self._state == _DATA:
                self._sum = _fold(part, self._sum)
            else:
                end = len(self._small) - self._left
                self._small[end : end + n] = part
            at += n
            self.size += n
            self._left -= n
            if not self._left:
                self._next()
        return at

    def _next(self):
        """A part is complete; its bytes stand at the end of `_small`."""
        if self._state == _HEADER:
            self._segments = self._small[9]
        elif self._state == _SEGMENT:
            self._left = struct.unpack_from("<I", self._small, 28)[0]
            if self._left & 3 or self._left > 0x1000000:
                raise ValueError("a segment of {} bytes".format(self._left))
            self._segments -= 1
            if self._left:
                self._state = _DATA
                return
        elif self._state == _PADDING:
            if self._small[31] != self._sum:
                raise ValueError("wrong checksum")
            self._state, self._left = _DIGEST, 32
            return
        elif self._state == _DIGEST:
            self.digest = self._sha.digest()
            if self.digest != self._small:
                raise ValueError("wrong SHA-256")
            self.whole = True
            return
        if self._segments:
            self._state, self._left = _SEGMENT, 8
        else:
            self._state, self._left = _PADDING, 16 - self.size % 16
