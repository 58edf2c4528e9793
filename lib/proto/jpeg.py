"""Checks that a driver's buffer holds a whole JPEG (ITU T.81 annex B: SOI FF D8 ... EOI FF D9)."""

from micropython import const

from config import limits

_CHUNK = const(512)


class BadJPEG(Exception):
    """The data is not a whole JPEG; the message says why."""


def length(view):
    """Return the number of bytes of the JPEG in `view`, without the padding after its EOI.

    `view` is a memoryview of bytes, signed or unsigned (drivers return typecode `b`). Raises
    BadJPEG if there is no SOI, no EOI, or anything but padding after the EOI.
    """
    end = len(view)
    if end < 4 or view[0] & 0xFF != 0xFF or view[1] & 0xFF != 0xD8 or view[2] & 0xFF != 0xFF:
        raise BadJPEG("no SOI")
    if not _has_eoi(view, end):  # usually it has, and then nothing is allocated
        end = _without_padding(view)
        if not _has_eoi(view, end):
            raise BadJPEG("no EOI")
    return end


def _has_eoi(view, end):
    return view[end - 2] & 0xFF == 0xFF and view[end - 1] & 0xFF == 0xD9


def _without_padding(view):
    """Return where the padding (00, or FF as in erased memory) at the end of `view` begins."""
    end = len(view)
    while end > max(4, len(view) - limits.PICTURE_PADDING_BYTES):
        start = max(2, end - _CHUNK)
        size = len(bytes(view[start:end]).rstrip(b"\x00\xff"))
        if size:
            return start + size
        end = start
    return end
