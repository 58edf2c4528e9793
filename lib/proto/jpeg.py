"""Is a driver's buffer a whole JPEG? (ITU T.81 annex B: SOI FF D8 ... EOI FF D9)"""

from micropython import const

_CHUNK = const(512)
_MOST_PADDING = const(16_384)


class BadJPEG(Exception):
    """The sensor's data is no whole picture; the message says why."""


def length(view):
    """The bytes of the picture in `view` without the padding behind its EOI.

    `view` is a memoryview of bytes, signed or not (drivers lend typecode `b`).
    Raises BadJPEG for no SOI, no EOI, or something else than padding behind the EOI.
    """
    end = len(view)
    if end < 4 or view[0] & 0xFF != 0xFF or view[1] & 0xFF != 0xD8 or view[2] & 0xFF != 0xFF:
        raise BadJPEG("no SOI")
    if not _ends(view, end):  # as a rule it does, and then nothing is allocated
        end = _unpadded(view)
        if not _ends(view, end):
            raise BadJPEG("no EOI")
    return end


def _ends(view, end):
    return view[end - 2] & 0xFF == 0xFF and view[end - 1] & 0xFF == 0xD9


def _unpadded(view):
    """Where the padding (00, or FF as erased memory has it) at the end of `view` begins."""
    end = len(view)
    while end > max(4, len(view) - _MOST_PADDING):
        start = max(2, end - _CHUNK)
        left = len(bytes(view[start:end]).rstrip(b"\x00\xff"))
        if left:
            return start + left
        end = start
    return end
