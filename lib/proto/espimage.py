"""ESP32 application images, as ESP-IDF's `esp_image_format.h` and `esp_app_desc.h` lay them out.

Header (24 bytes), segments (8 bytes of header, then data), padding whose last byte is a checksum
of all data, SHA-256 of everything before it. The first segment begins with the description.
"""

import hashlib
import struct

import micropython
from micropython import const

CHIP = const(0)  # esp_chip_id_t: the ESP32
LOOK = const(288)  # bytes that tell what an image is

_MAGIC = const(0xE9)
_DESCRIBED = const(0xABCD5432)
_SEGMENTS = const(16)
_SEED = const(0xEF)
_CHIPS = {2: "ESP32-S2", 5: "ESP32-C3", 9: "ESP32-S3", 12: "ESP32-C2", 13: "ESP32-C6"}

_HEADER, _SEGMENT, _DATA, _PADDING, _DIGEST, _END = range(6)


class BadImage(ValueError):
    """What arrives is not an image for this board; the message says why."""


class Description:
    """What the first LOOK bytes tell; raises BadImage."""

    def __init__(self, head):
        if len(head) < LOOK:
            raise BadImage("{} bytes are no firmware image".format(len(head)))
        if head[0] != _MAGIC:
            raise BadImage("no firmware image: begins with {:02x}".format(head[0]))
        chip = head[12] | head[13] << 8
        if chip != CHIP:
            raise BadImage("for another chip: " + _CHIPS.get(chip, "number {}".format(chip)))
        if not 0 < head[1] <= _SEGMENTS:
            raise BadImage("{} segments".format(head[1]))
        if head[23] != 1:
            raise BadImage("it carries no SHA-256")
        first, magic = struct.unpack_from("<I", head, 28)[0], struct.unpack_from("<I", head, 32)[0]
        if magic != _DESCRIBED or first < 256:
            raise BadImage("it has no application description")
        self.version = _text(head, 48)
        self.project = _text(head, 80)
        self.elf = bytes(head[176:208])  # SHA-256 of what it was built from


def _text(head, at):
    raw = bytes(head[at : at + 32]).split(b"\0")[0]
    if not raw or any(not 32 < byte < 127 for byte in raw):
        raise BadImage("its description is unreadable")
    return raw.decode()


@micropython.native
def _fold(data, value):
    for byte in data:  # native: 1.6 MB in 0.03 s on a PC, as bytecode 0.15 s
        value ^= byte
    return value


class Walk:
    """Follows an image from its first byte to its last: `feed` it, then `whole` is true."""

    def __init__(self):
        self._sha = hashlib.sha256()
        self._small = bytearray(32)
        self._sum = _SEED
        self._segments = 0
        self._state = _HEADER
        self._left = 24
        self.size = 0  # bytes of the image so far
        self.digest = None  # SHA-256 of all but itself

    @property
    def whole(self):
        return self._state == _END

    def feed(self, view):
        """Take bytes (a memoryview); how many of them were the image's. Raises BadImage."""
        at = 0
        while at < len(view) and self._state != _END:
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
                raise BadImage("a segment of {} bytes".format(self._left))
            self._segments -= 1
            if self._left:
                self._state = _DATA
                return
        elif self._state == _PADDING:
            if self._small[31] != self._sum:
                raise BadImage("wrong checksum")
            self._state, self._left = _DIGEST, 32
            return
        elif self._state == _DIGEST:
            self.digest = self._sha.digest()
            if self.digest != self._small:
                raise BadImage("wrong SHA-256")
            self._state = _END
            return
        if self._segments:
            self._state, self._left = _SEGMENT, 8
        else:
            self._state, self._left = _PADDING, 16 - self.size % 16


def older(version, than):
    """Whether a version is older than another; false where they cannot be compared."""
    ours, theirs = _numbers(version), _numbers(than)
    return bool(ours and theirs and ours < theirs)


def _numbers(version):
    """What counts in `v1.25.0-preview`: [1, 25, 0, 0, rank]; what comes before a release is 0."""
    plain, _, rest = version.lstrip("vV").partition("-")
    parts = plain.split(".")
    if not all(part.isdigit() and len(part) < 10 for part in parts):
        return None
    before = any(rest.startswith(word) for word in ("pre", "rc", "alpha", "beta", "dev"))
    rank = 0 if before else 2 if rest else 1  # v1.25.0-12-gabc: 12 commits behind it
    return [int(part) for part in parts] + [0] * (4 - len(parts)) + [rank]
