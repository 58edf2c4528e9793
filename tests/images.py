"""Firmware images for tests, made by esptool."""

import functools
import hashlib
import random
import struct
from pathlib import Path

from esp_idf_defs.partitions import PartitionTable
from esptool import bin_image

KB = 1_024
_CSV = Path(__file__).resolve().parents[1] / "config" / "partitions.csv"
_DROM, _IRAM = 0x3F400020, 0x40080000  # ESP32 addresses of constants and of fast code
_CHIPS = {"esp32": bin_image.ESP32FirmwareImage, "esp32s3": bin_image.ESP32S3FirmwareImage}


@functools.cache
def image(version="9.9.9", project="micropython", size=64 * KB, chip="esp32", digest=True):
    """Return an application image of exactly `size` bytes, a multiple of 16."""
    made = _CHIPS[chip]()
    made.append_digest = digest
    made.entrypoint = _IRAM
    noise = random.Random(f"{version} {project} {size}")
    described = _described(version, project, noise.randbytes(32)) + noise.randbytes(512)
    rest = size - 24 - 8 - len(described) - 8 - 16 - (32 if digest else 0)
    start = _DROM if chip == "esp32" else 0x3C000020
    made.segments = [bin_image.ELFSection(b".flash.appdesc", start, described, 0)]
    made.segments += [bin_image.ELFSection(b".iram0.text", _IRAM, noise.randbytes(rest), 0)]
    data = made.save(None)
    assert len(data) == size, (len(data), size)
    return data


def _described(version, project, elf):
    """Return an esp_app_desc_t of 256 bytes."""
    head = struct.pack("<II8x32s32s", 0xABCD5432, 0, version.encode(), project.encode())
    head += struct.pack("<16s16s32s32s", b"12:00:00", b"Nov 24 2026", b"v5.2.2", elf)
    return head.ljust(256, b"\0")


def bootloader(chip=0):
    """Return a bootloader image for a chip id."""
    data = bytearray(image(size=16 * KB))
    data[32:36] = bytes(4)  # not the magic number of an application's description
    struct.pack_into("<H", data, 12, chip)
    return bytes(data)


def table(csv=None):
    """Return a partition table in its binary form."""
    return PartitionTable.from_csv(csv or _CSV.read_text()).to_binary()


def whole(app=None, csv=None, chip=0, offset=0x1000):
    """Return a file for a new board as MicroPython's build makes it; gaps contain 0xFF."""
    data = b"\xff" * (0x1000 - offset) + bootloader(chip)
    data = data.ljust(0x8000 - offset, b"\xff") + table(csv)
    return data.ljust(0x10000 - offset, b"\xff") + (app or image("1.25.0"))


def rehashed(data):
    """Return a changed image with its checksum and SHA-256 recomputed."""
    data = bytearray(data)
    checksum, at = 0xEF, 24
    for _ in range(data[1]):
        (length,) = struct.unpack_from("<I", data, at + 4)
        for byte in data[at + 8 : at + 8 + length]:
            checksum ^= byte
        at += 8 + length
    data[-33] = checksum
    data[-32:] = hashlib.sha256(data[:-32]).digest()
    return bytes(data)
