"""The whole firmware of a new board in one file: bootloader, partition table, application."""

import sys
from pathlib import Path
from typing import NamedTuple

from esp_idf_defs.partitions import InputError, PartitionTable

ROOT = Path(__file__).resolve().parent.parent
for _folder in ("tools/pc", "lib"):
    if str(ROOT / _folder) not in sys.path:
        sys.path.append(str(ROOT / _folder))

from proto.espimage import HEAD_BYTES, Description  # noqa: E402 - found on the path above

BOOTLOADER_AT = 0x1000  # of the ESP32; other chips begin at 0
_TABLE_AT, _TABLE_BYTES = 0x8000, 0xC00
_MAGIC, _APP, _FACTORY, _OTA_0 = 0xE9, 0, 0x00, 0x10
_CHIP_AT = 12


class BadFirmware(Exception):
    """Why a file must not be written to a new board; the text is for people."""


class Whole(NamedTuple):
    """What a file of whole firmware holds."""

    offset: int  # where in flash it begins
    size: int
    project: str
    version: str
    slots: int  # for updates of the whole image; 0 where the layout has none
    nvs: tuple  # offset and size of the partition for settings
    end: int  # of the flash that its layout needs
    app: int  # where the application begins in the file


def read(data):
    """Check a file and tell what it holds; BadFirmware says what is wrong with it."""
    offset = BOOTLOADER_AT
    if data[:BOOTLOADER_AT].count(0xFF) == BOOTLOADER_AT:  # begins with the flash itself
        offset = 0
    _check_bootloader(data[BOOTLOADER_AT - offset :][:HEAD_BYTES], data[:HEAD_BYTES])
    table = _table(data[_TABLE_AT - offset :][:_TABLE_BYTES])
    app = next((part for part in table if part.type == _APP), None)
    if app is None:
        raise BadFirmware("its partition table has no place for an application")
    head = data[app.offset - offset :][:HEAD_BYTES]
    try:
        described = Description(head)
    except ValueError as exc:
        raise BadFirmware(f"its application at {app.offset:#x}: {exc}") from None
    room = app.offset + app.size
    end = max(part.offset + part.size for part in table)
    if offset + len(data) > room and app.subtype in (_FACTORY, _OTA_0):
        raise BadFirmware(f"it is longer than its application's place, which ends at {room:#x}")
    nvs = next(((part.offset, part.size) for part in table if part.name == "nvs"), None)
    slots = sum(part.type == _APP and part.subtype >= _OTA_0 for part in table)
    at = app.offset - offset
    return Whole(offset, len(data), described.project, described.version, slots, nvs, end, at)


def _check_bootloader(head, first):
    if len(head) < HEAD_BYTES or head[0] != _MAGIC:
        if first[:1] == bytes([_MAGIC]):
            raise BadFirmware("it is cut off")
        raise BadFirmware("it is no firmware: a whole one begins with a bootloader")
    chip = int.from_bytes(head[_CHIP_AT : _CHIP_AT + 2], "little")
    if chip:
        raise BadFirmware(f"it is for another chip than the ESP32 (number {chip})")
    try:
        described = Description(head)
    except ValueError:  # a bootloader, as it should be
        return
    raise BadFirmware(
        f"it is an application alone ({described.project} {described.version}), which updates a "
        "board that has firmware; a new board needs the whole file (of MicroPython's downloads "
        "the one whose name ends in .bin, not .app-bin)"
    )


def _table(data):
    if data[:2] != b"\xaa\x50":
        raise BadFirmware("it has no partition table at 0x8000")
    try:
        return list(PartitionTable.from_binary(data))
    except InputError as exc:
        raise BadFirmware(f"its partition table: {exc}") from None
