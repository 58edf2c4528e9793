"""Firmware images built by hand according to ESP-IDF's headers."""

import hashlib
import struct


def text(value):
    return value + bytes(32 - len(value))


def image(version=b"1.2.3", project=b"micropython", chip=0, data=b"\x01\x02\x03\x04" * 100):
    described = struct.pack("<IIII", 0xABCD5432, 0, 0, 0) + text(version) + text(project)
    described += bytes(32) + text(b"v5.2") + hashlib.sha256(version).digest() + bytes(80)
    out = struct.pack("<BBBBIBBBBHB", 0xE9, 2, 2, 0x20, 0x40080000, 0xEE, 0, 0, 0, chip, 0)
    out += bytes(8) + b"\x01"
    checksum = 0xEF
    for address, segment in ((0x3F400020, described), (0x40080000, data)):
        out += struct.pack("<II", address, len(segment)) + segment
        for byte in segment:
            checksum ^= byte
    out += bytes(15 - len(out) % 16) + bytes((checksum,))
    return out + hashlib.sha256(out).digest()
