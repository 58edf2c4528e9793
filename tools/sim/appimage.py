"""Make and verify application images of the ESP32.

    .venv/bin/python tools/sim/appimage.py FILE --version v1.30.0 [--behaviour crash] ...

All images run the same firmware on the simulated board. A mark in an image's data makes it `crash`
or `hang` at its start instead.
"""

import argparse
import hashlib
import random
import struct
from pathlib import Path
from typing import NamedTuple

MAGIC = 0xE9
ESP32 = 0  # chip id
BEHAVIOURS = ("ok", "crash", "hang")
LEAST = 1024
DESCRIPTION = struct.Struct("<II8x32s32s16s16s32s32s80x")  # esp_app_desc_t, 256 bytes
DESCRIPTION_AT = 32
_DESCRIPTION_MAGIC = 0xABCD5432
_HEADER = struct.Struct("<BBBBIB3sHBHH4xB")
_SEGMENT = struct.Struct("<II")
_DIO, _40MHZ_4MB = 2, 0x20
_NO_PIN = 0xEE
_ANY_REVISION = 0xFFFF
_CHECKSUM = 0xEF
_DROM, _DRAM, _IRAM = 0x3F400020, 0x3FFB0000, 0x40080000
_MAPPED = ((0x3F400000, 0x3F800000), (0x400D0000, 0x40400000))
_MMU_PAGE = 0x10000
_MAX_SEGMENTS = 16
_MARK = b"behaviour: "
_SHA256 = 32


class ImageError(Exception):
    """Invalid image."""


class Image(NamedTuple):
    """Properties of an image; `length` includes the digest."""

    length: int
    project: str
    version: str
    behaviour: str


def make(version, project="micropython", size=16_384, chip=ESP32, behaviour="ok", date=""):
    """Return a valid image of about `size` bytes, the same for the same arguments."""
    if behaviour not in BEHAVIOURS:
        raise ValueError("behaviour must be one of " + ", ".join(BEHAVIOURS))
    texts = [text.encode() for text in (version, project, "00:00:00", date, "v5.2.2")]
    description = DESCRIPTION.pack(_DESCRIPTION_MAGIC, 0, *texts, bytes(_SHA256))
    filler = random.Random(f"{project} {version}").randbytes(max(size, LEAST) - LEAST & ~3)
    segments = (
        (_DROM, description + filler),
        (_DRAM, (_MARK + behaviour.encode() + b"\n").ljust(32, b"\0")),
        (_IRAM, bytes(256)),
    )
    head = (MAGIC, len(segments), _DIO, _40MHZ_4MB, _IRAM, _NO_PIN, bytes(3))
    image = _HEADER.pack(*head, chip, 0, 0, _ANY_REVISION, 1)
    checksum = _CHECKSUM
    for address, data in segments:
        image += _SEGMENT.pack(address, len(data)) + data
        checksum ^= _xor(data)
    image += bytes(15 - len(image) % 16) + bytes([checksum])
    return image + hashlib.sha256(image).digest()


def verify(read, size):
    """Check an image like the bootloader; return its `Image` or raise ImageError.

    `read(at, size)` returns bytes of the partition, which has `size` bytes.
    """
    magic, count, *_, chip, _, _, _, hashed = _HEADER.unpack(read(0, _HEADER.size))
    if magic != MAGIC:
        raise ImageError(f"invalid magic byte (expected 0xE9, found 0x{magic:02X})")
    if chip != ESP32:
        raise ImageError(f"is for chip {chip}, not for the ESP32")
    if not 0 < count <= _MAX_SEGMENTS:
        raise ImageError(f"{count} segments (at most {_MAX_SEGMENTS})")
    at, checksum, mark = _HEADER.size, _CHECKSUM, b""
    for number in range(count):
        data = _segment(read, at, size, number)
        checksum ^= _xor(data)
        at += _SEGMENT.size + len(data)
        mark = data if data.startswith(_MARK) else mark
    at += 16 - at % 16
    if at + _SHA256 * bool(hashed) > size:
        raise ImageError("is longer than the partition")
    if read(at - 1, 1)[0] != checksum:
        raise ImageError("checksum failed")
    if hashed:
        if hashlib.sha256(read(0, at)).digest() != read(at, _SHA256):
            raise ImageError("hash failed")
        at += _SHA256
    return Image(at, *describe(read), mark[len(_MARK) :].rstrip(b"\n\0").decode() or "ok")


def describe(read):
    """Return (project, version) from the image's description, or ("", "") without one."""
    magic, _, version, project, *_ = DESCRIPTION.unpack(read(DESCRIPTION_AT, DESCRIPTION.size))
    if magic != _DESCRIPTION_MAGIC:
        return "", ""
    return tuple(text.partition(b"\0")[0].decode("latin-1") for text in (project, version))


def _segment(read, at, size, number):
    address, length = _SEGMENT.unpack(read(at, _SEGMENT.size))
    at += _SEGMENT.size
    if length % 4 or at + length > size:
        raise ImageError(f"segment {number} is damaged (length {length})")
    mapped = any(low <= address < high for low, high in _MAPPED)
    if mapped and (address - at) % _MMU_PAGE:
        raise ImageError(f"segment {number} cannot be mapped to 0x{address:x}")
    return read(at, length)


def _xor(data):
    """Return the XOR of all bytes of `data`, whose length is a multiple of four."""
    value, size = int.from_bytes(data, "little"), len(data)
    while size > 1:
        half = (size + 1) // 2
        value = value >> 8 * half ^ value & (1 << 8 * half) - 1
        size = half
    return value


def main():
    """Write an image according to the command line."""
    parser = argparse.ArgumentParser(description="Make an application image for tests.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--version", required=True, metavar="TEXT")
    parser.add_argument("--project", default="micropython", metavar="NAME")
    parser.add_argument("--size", type=int, default=16_384, metavar="BYTES")
    parser.add_argument("--chip", type=int, default=ESP32, metavar="ID")
    parser.add_argument("--behaviour", choices=BEHAVIOURS, default="ok")
    args = parser.parse_args()
    image = make(args.version, args.project, args.size, args.chip, args.behaviour)
    args.file.write_bytes(image)


if __name__ == "__main__":
    main()
