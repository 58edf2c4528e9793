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
    if len(view) < 4 or bytes(view[:3]) != b"\xff\xd8\xff":
        raise BadJPEG("no SOI")
    end = _unpadded(view)
    if bytes(view[end - 2 : end]) != b"\xff\xd9":
        raise BadJPEG("no EOI")
    return end


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
