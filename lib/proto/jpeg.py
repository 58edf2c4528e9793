"""Finds the whole picture in a driver's buffer (ITU T.81 annex B: SOI, segments, SOS, scan, EOI).

A driver that missed the end of a frame joins two pictures, or adds bytes of an earlier one.
"""

import micropython
from micropython import const

_SOI, _EOI, _SOS = const(0xD8), const(0xD9), const(0xDA)
_APP0 = const(0xE0)  # and above: segments that may contain another JPEG, a thumbnail
_NO_FRAMES = (0xC4, 0xC8, 0xCC)  # of C0 to CF, all others are start-of-frame markers


class BadJPEG(Exception):
    """The data holds no whole JPEG; the message says why."""


def newest(view):
    """Return the part of `view` that is its newest whole JPEG.

    view: a memoryview of bytes, signed or unsigned (drivers return typecode `b`). Raises BadJPEG
    if it does not begin with a JPEG, or no JPEG in it is whole.
    """
    if len(view) < 4 or _kind(view, 0) != _SOI:
        raise BadJPEG("no SOI")
    found, fault, start = None, "", 0
    while start >= 0:
        at = start
        try:
            at = _scan(view, start)
            at = _marker(view, at, len(view))
            if at < 0:
                raise BadJPEG("no EOI")
            if _kind(view, at) != _EOI:
                raise BadJPEG("a marker within the scan")
            at += 2
            found = start, at
        except BadJPEG as e:
            fault = fault or str(e)
        start = _next_soi(view, max(at, start + 2), len(view)) if at >= 0 else -1
    if not found:
        raise BadJPEG(fault)
    start, end = found
    return view if end - start == len(view) else view[start:end]


def whole(frame):
    """Return the parts of a frame's JPEG: it is one."""
    return (frame.view,)


def size_of(parts):
    """Return the bytes of all parts of a JPEG."""
    return sum([len(part) for part in parts])


def dimensions(view):
    """Return (width, height) of a whole JPEG, (0, 0) if its frame header is damaged."""
    at = 2
    while at + 9 <= len(view):
        kind = _kind(view, at)
        if 0xC0 <= kind <= 0xCF and kind not in _NO_FRAMES:
            return _number(view, at + 7), _number(view, at + 5)
        at += 1 if kind == 0xFF else 2 + _number(view, at + 2)
    return 0, 0


def _number(view, at):
    """Return two bytes as a number."""
    return (view[at] & 0xFF) << 8 | view[at + 1] & 0xFF


def _scan(view, start):
    """Return where the scan of the JPEG at `start` begins; raises BadJPEG."""
    at, has_frame = start + 2, False
    while at + 4 <= len(view):
        kind = _kind(view, at)
        if kind == 0xFF:  # a fill byte
            at += 1
            continue
        if kind < 0xC0 or 0xD0 <= kind <= _EOI:
            break
        has_frame = has_frame or kind <= 0xCF and kind not in _NO_FRAMES
        segment = at
        at += 2 + _number(view, at + 2)
        if kind < _APP0 and _next_soi(view, segment + 4, min(at + 3, len(view))) >= 0:
            raise BadJPEG("another SOI in its headers")
        if kind == _SOS:
            if not has_frame:
                raise BadJPEG("no SOF")
            return at
    raise BadJPEG("no SOS")


def _kind(view, at):
    """Return the second byte of the marker at `at`, 0 if there is none."""
    return view[at + 1] & 0xFF if view[at] & 0xFF == 0xFF else 0


def _next_soi(view, start, end):
    """Return where the next SOI with a marker after it begins in view[start:end], or -1."""
    at = _marker(view, start, end)
    while at >= 0 and not (_kind(view, at) == _SOI and at + 3 < end and _kind(view, at + 2)):
        at = _marker(view, at + 2, end)
    return at


@micropython.viper
def _marker(data: ptr8, start: int, end: int) -> int:  # noqa: F821
    """Return where the next marker but RST0 to RST7 begins, or -1."""
    at = start
    while at < end - 1:
        if data[at] == 0xFF:
            kind = data[at + 1]
            if kind == 0 or (kind >= 0xD0 and kind <= 0xD7):
                at += 1
            elif kind != 0xFF:
                return at
        at += 1
    return -1
