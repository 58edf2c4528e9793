"""Exif data in front of pictures that are sent one by one: when taken, and how to turn them."""

from micropython import const

from proto.exif import segment

_MS = const(1_000_000)  # nanoseconds
_SOI_BYTES = const(2)  # of the marker that begins a JPEG


class Exif:
    """Adds a segment to pictures if the settings `exif` or `rotate` require it."""

    def __init__(self, settings, clock):
        self._settings = settings
        self._clock = clock

    def parts(self, frame):
        """Return the parts of the JPEG to send, one without the segment; none is a copy."""
        degrees = 90 * self._settings["rotate"]
        if not (degrees or self._settings["exif"]):
            return (frame.view,)
        start = bytes(frame.view[:_SOI_BYTES]) + self._segment(degrees, frame.time_ns)
        return start, frame.view[_SOI_BYTES:]

    def _segment(self, degrees, time_ns):
        if not self._clock.knew(time_ns):
            return segment(degrees)
        seconds, ms = divmod(time_ns // _MS, 1_000)
        fields, offset = self._clock.local(seconds)
        return segment(degrees, fields, ms, offset)
