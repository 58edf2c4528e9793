"""Whole firmware for a new board in one file: bootloader, partition table, application."""

import sys
from pathlib import Path
from typing import NamedTuple

from esp_idf_defs.partitions import InputError, PartitionTable

ROOT = Path(__file__).resolve().parent.parent
for _folder in ("tools/pc", "lib"):
    if str(ROOT / _folder) not in sys.path:
        sys.path.append(str(ROOT / _folder))

from proto.espimage import HEAD_BYTES, Description, title  # noqa: E402 - found on the path above

BOOTLOADER_AT = 0x1000  # on the ESP32; on other chips, 0
_TABLE_AT, _TABLE_BYTES = 0x8000, 0xC00
_MAGIC, _APP, _FACTORY, _OTA_0 = 0xE9, 0, 0x00, 0x10
_CHIP_AT = 12


class BadFirmware(Exception):
    """A file must not be written to a new board; the text is for people."""


class Whole(NamedTuple):
    """Content of a file of whole firmware."""

    offset: int  # offset in flash of the first byte
    size: int
    project: str
    version: str
    slots: int  # OTA slots; 0 if the firmware cannot be updated over the air
    nvs: tuple  # offset and size of the settings partition; None without one
    end: int  # of the last partition in flash
    app: int  # offset in the file of the application

    @property
    def name(self):
        """Return the project and the version, for people."""
        return title(self.project, self.version)


def read(data):
    """Check a file and return a Whole; raise BadFirmware."""
    offset = BOOTLOADER_AT
    if (
        data[:BOOTLOADER_AT].count(0xFF) == BOOTLOADER_AT
    ):  # the file begins at offset 0 of the flash
        offset = 0
    _check_bootloader(data[BOOTLOADER_AT - offset :][:HEAD_BYTES], data[:HEAD_BYTES])
    table = _table(data[_TABLE_AT - offset :][:_TABLE_BYTES])
    app = next((part for part in table if part.type == _APP), None)
    if app is None:
        raise BadFirmware("its partition table has no application partition")
    head = data[app.offset - offset :][:HEAD_BYTES]
    try:
        described = Description(head)
    except ValueError as exc:
        raise BadFirmware(f"its application at {app.offset:#x}: {exc}") from None
    room = app.offset + app.size
    end = max(part.offset + part.size for part in table)
    if offset + len(data) > room and app.subtype in (_FACTORY, _OTA_0):
        raise BadFirmware(f"it is longer than its application partition, which ends at {room:#x}")
    nvs = next(((part.offset, part.size) for part in table if part.name == "nvs"), None)
    slots = sum(part.type == _APP and part.subtype >= _OTA_0 for part in table)
    at = app.offset - offset
    return Whole(offset, len(data), described.project, described.version, slots, nvs, end, at)


def _check_bootloader(head, first):
    if len(head) < HEAD_BYTES or head[0] != _MAGIC:
        if first[:1] == bytes([_MAGIC]):
            raise BadFirmware("it is cut off")
        raise BadFirmware("it is not whole firmware, which begins with a bootloader")
    chip = int.from_bytes(head[_CHIP_AT : _CHIP_AT + 2], "little")
    if chip:
        raise BadFirmware(f"it is for another chip than the ESP32 (chip id {chip})")
    try:
        described = Description(head)
    except ValueError:  # a bootloader, as it should be
        return
    raise BadFirmware(
        f"it is only an application ({described.name}), for updates of a "
        "board that has firmware; a new board needs whole firmware (of MicroPython's downloads, "
        "the file that ends in .bin, not .app-bin)"
    )


def _table(data):
    if data[:2] != b"\xaa\x50":
        raise BadFirmware("it has no partition table at 0x8000")
    try:
        return list(PartitionTable.from_binary(data))
    except InputError as exc:
        raise BadFirmware(f"its partition table: {exc}") from None
