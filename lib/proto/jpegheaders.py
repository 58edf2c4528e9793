"""Headers of a JPEG, segment by segment (ITU T.81 annex B)."""

from micropython import const

_SOI, _EOI, _SOF0, _DHT = const(0xD8), const(0xD9), const(0xC0), const(0xC4)
_SOS, _DQT, _DRI = const(0xDA), const(0xDB), const(0xDD)


class Unsuitable(ValueError):
    """The picture can't be used; the message says why."""


class HeaderReader:
    """Passes the segments of a baseline JPEG to the methods of a subclass, as (start, stop).

    They are `_frame`, `_huffman_tables`, `_quantization_tables` and `_scan`. `interval` is that of
    the restart markers in MCUs, 0 without; `scan_at` is where the scan begins.
    """

    def __init__(self):
        self._view = b""
        self.interval = self.scan_at = 0

    def _read(self, view):
        """Read all headers of `view`, a whole JPEG; raises Unsuitable."""
        self._view = view
        self.interval = self.scan_at = 0
        size = len(view)
        if size < 4 or self._word(0) != 0xFF00 | _SOI:
            raise Unsuitable("it is not a JPEG")
        if self._word(size - 2) != 0xFF00 | _EOI:
            raise Unsuitable("its end is missing")
        at = 2
        while not self.scan_at:
            at = self._segment(at, size - 2)

    def _segment(self, at, end):
        """Read the segment at `at`; return where the next one begins."""
        if at + 4 > end or self._byte(at) != 0xFF:
            raise Unsuitable("its headers are damaged")
        kind = self._byte(at + 1)
        if kind == 0xFF:  # a fill byte
            return at + 1
        start, stop = at + 4, at + 2 + self._word(at + 2)
        if stop < start or stop > end:
            raise Unsuitable("its headers are damaged")
        if kind == _SOF0:
            self._frame(start, stop)
        elif kind == _DHT:
            self._huffman_tables(start, stop)
        elif kind == _DQT:
            self._quantization_tables(start, stop)
        elif kind == _DRI and stop - start >= 2:
            self.interval = self._word(start)
        elif kind == _SOS:
            self._scan(start, stop)
            self.scan_at = stop
        elif 0xC0 <= kind <= 0xCF:
            raise Unsuitable("it is not a baseline JPEG")
        return stop

    def _byte(self, at):
        return self._view[at] & 0xFF  # drivers lend signed views

    def _word(self, at):
        return self._byte(at) << 8 | self._byte(at + 1)
