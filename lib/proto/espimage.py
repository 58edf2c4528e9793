"""ESP32 application images, as ESP-IDF's `esp_image_format.h` and `esp_app_desc.h` lay them out.

Header (24 bytes), segments (8 bytes of header, then data), padding whose last byte is a checksum
of all data, SHA-256 of everything before it. The first segment begins with the description.
"""

import struct

from micropython import const

CHIP = const(0)  # esp_chip_id_t: the ESP32
LOOK = const(288)  # bytes that tell what an image is

_MAGIC = const(0xE9)
_DESCRIBED = const(0xABCD5432)
_SEGMENTS = const(16)
_CHIPS = {2: "ESP32-S2", 5: "ESP32-C3", 9: "ESP32-S3", 12: "ESP32-C2", 13: "ESP32-C6"}


class Description:
    """What the first LOOK bytes tell; raises ValueError."""

    def __init__(self, head):
        if len(head) < LOOK:
            raise ValueError("{} bytes are no firmware image".format(len(head)))
        if head[0] != _MAGIC:
            raise ValueError("no firmware image: begins with {:02x}".format(head[0]))
        chip = head[12] | head[13] << 8
        if chip != CHIP:
            raise ValueError("for another chip: " + _CHIPS.get(chip, "number {}".format(chip)))
        if not 0 < head[1] <= _SEGMENTS:
            raise ValueError("{} segments".format(head[1]))
        if head[23] != 1:
            raise ValueError("it carries no SHA-256")
        first, magic = struct.unpack_from("<I", head, 28)[0], struct.unpack_from("<I", head, 32)[0]
        if magic != _DESCRIBED or first < 256:
            raise ValueError("it has no application description")
        self.version = _text(head, 48)
        self.project = _text(head, 80)
        self.elf = bytes(head[176:208])  # SHA-256 of what it was built from


def _text(head, at):
    raw = bytes(head[at : at + 32]).split(b"\0")[0]
    if not raw or any(not 32 < byte < 127 for byte in raw):
        raise ValueError("its description is unreadable")
    return raw.decode()


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
