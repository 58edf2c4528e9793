"""Exif data of a JPEG, as its APP1 segment (Exif 2.32 sections 4.5 and 4.6, TIFF 6.0)."""

import struct

from micropython import const

UPRIGHT = {0: 1, 90: 6, 180: 3, 270: 8}  # degrees clockwise -> orientation
_ASCII, _SHORT, _LONG, _UNDEFINED = const(2), const(3), const(4), const(7)
_ORIENTATION, _EXIF_IFD = const(0x0112), const(0x8769)
_VERSION, _TAKEN, _OFFSET, _FRACTION = const(0x9000), const(0x9003), const(0x9011), const(0x9291)
_FIRST_AT = const(8)  # of the first directory, after the TIFF header


def segment(degrees, fields=None, ms=0, offset=""):
    """Return the segment: how far to turn the picture clockwise, and when it was taken if known.

    fields: local time as of time.gmtime(). offset: of its zone, such as `+01:00`.
    """
    first = [(_ORIENTATION, _SHORT, 1, struct.pack(">H", UPRIGHT[degrees]))]
    second = b""
    if fields:
        time = "{:04d}:{:02d}:{:02d} {:02d}:{:02d}:{:02d}".format(*fields[:6])
        at = _FIRST_AT + len(_directory(0, first)) + 12  # with one entry more
        first.append((_EXIF_IFD, _LONG, 1, struct.pack(">I", at)))
        second = _directory(
            at,
            (
                (_VERSION, _UNDEFINED, 4, b"0232"),
                _text(_TAKEN, time),
                _text(_OFFSET, offset),
                _text(_FRACTION, "{:03d}".format(ms)),
            ),
        )
    data = b"Exif\0\0MM\0*" + struct.pack(">I", _FIRST_AT) + _directory(_FIRST_AT, first) + second
    return b"\xff\xe1" + struct.pack(">H", 2 + len(data)) + data


def _text(tag, text):
    return tag, _ASCII, len(text) + 1, text.encode() + b"\0"


def _directory(at, entries):
    """Return a directory that begins at offset `at`; values of more than 4 bytes follow it."""
    head, values = struct.pack(">H", len(entries)), b""
    at += 2 + 12 * len(entries) + 4
    for tag, kind, count, value in entries:
        if len(value) > 4:
            values, value = values + value, struct.pack(">I", at + len(values))
        head += struct.pack(">HHI", tag, kind, count) + value + bytes(4 - len(value))
    return head + bytes(4) + values
