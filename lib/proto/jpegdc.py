"""Brightness of a JPEG in a few large cells, from its DC coefficients alone (ITU T.81 annex F).

The DC coefficient of a block is the mean of its 8 x 8 pixels. So the other coefficients are
skipped, not decoded, and there is no inverse transform: a small part of the work of a decoder.
"""

from array import array

from micropython import const

from config import limits
from proto import jpegscan
from proto.jpegheaders import HeaderReader, Unsuitable

COLUMNS, ROWS = const(16), const(12)
_RST0 = const(0xD0)
_MOST_WIDTH, _MOST_HEIGHT = const(1_600), const(1_200)  # UXGA
_MOST_BLOCKS = const(10)  # in an MCU, T.81 B.2.3
_MOST_SAMPLES = const(4)  # of a component, in either direction: B.2.2
_NEVER = const(0x10000)  # more MCUs than any picture has


class DCGrid(HeaderReader):
    """The mean brightness of each cell of a picture, 0 to 255, row by row in `cells`.

    `start` a picture, call `step` until it returns True, and `release` it; or `decode` it at once.
    Both raise ValueError with the reason if it is not a whole baseline JPEG of at most 1600 x 1200
    pixels.
    Nothing is allocated for a picture, unless its Huffman tables are others than those before.
    """

    def __init__(self):
        super().__init__()
        self.cells = bytearray(COLUMNS * ROWS)
        self._known = [b""] * 4  # the Huffman tables: two for DC, two for AC
        self._defined = 0  # those of this picture, one bit each
        self._tables = array("H", bytes(2 * 4 * jpegscan.TABLE))
        self._dc_steps = bytearray(4)  # of the quantization tables
        self._components = bytearray(3 * 3)  # id, sampling, quantization table
        self._layout = bytearray(2 + 4 * _MOST_BLOCKS)  # of an MCU
        self._state = array("I", bytes(4 * (jpegscan.BASES + 4)))
        self._sums = array("I", bytes(4 * jpegscan.STRIDE * (ROWS + 1)))
        self._columns = bytearray((_MOST_WIDTH + 7) // 8 + 3)  # of the blocks -> of the sums
        self._width = self._height = self._count = 0  # in blocks; components
        self._until_restart = self._restarts = 0  # in MCUs
        self._left = self._row = 0  # MCUs left in this row, number of the row

    def decode(self, view):
        """Fill `cells` from a JPEG."""
        try:
            self.start(view)
            while not self.step():
                pass
        finally:
            self.release()

    def release(self):
        """Forget the picture, which may be large, also after an error."""
        self._view = b""

    def start(self, view):
        """Read the headers of a JPEG, whose bytes must not change until it is decoded."""
        self._count = self._defined = 0
        for n in range(4):
            self._dc_steps[n] = 0
        self._read(view)
        self._begin_scan()

    def step(self):
        """Decode some more of the picture; return True when `cells` are complete."""
        left = limits.MOTION_STEP_MCUS
        while left > 0:
            if not self._left and self._next_row():
                step = self._dc_steps[self._components[2] & 3]
                jpegscan.fill_cells(self.cells, self._sums, self._width, self._height, step)
                return True
            if not self._until_restart:
                self._restart()
            count = min(left, self._left, self._until_restart)
            fault = jpegscan.scan(
                self._state, self._tables, self._view,
                self._layout, self._columns, self._sums, count,
            )  # fmt: skip
            if fault:
                raise Unsuitable(jpegscan.FAULTS[fault])
            left -= count
            self._left -= count
            self._until_restart -= count
        return False

    def _frame(self, start, stop):
        count = self._byte(start + 5) if stop - start > 6 else 0
        if count not in (1, 3) or stop - start != 6 + 3 * count or self._byte(start) != 8:
            raise Unsuitable("it is neither grey nor YCbCr with 8 bits")
        height, width = self._word(start + 1), self._word(start + 3)
        if not 0 < width <= _MOST_WIDTH or not 0 < height <= _MOST_HEIGHT:
            raise Unsuitable("its size is not 1 x 1 to 1600 x 1200 pixels")
        for n in range(3 * count):
            self._components[n] = self._byte(start + 6 + n)
        if count == 1:
            self._components[1] = 0x11  # T.81 A.2.2: its sampling does not matter
        self._count, self._width, self._height = count, (width + 7) // 8, (height + 7) // 8

    def _quantization_tables(self, start, stop):
        while start < stop:
            number = self._byte(start)
            size = 129 if number >> 4 else 65
            if number & 0xF > 3 or number >> 4 > 1 or stop - start < size:
                raise Unsuitable("a quantization table is damaged")
            # a step of 16 bits does not occur with samples of 8 bits
            self._dc_steps[number & 0xF] = self._byte(start + 1 + (number >> 4))
            start += size

    def _huffman_tables(self, start, stop):
        while start < stop:
            number = self._byte(start)
            size = 17
            for n in range(1, 17 if stop - start >= 17 else 0):
                size += self._byte(start + n)
            if number & 0xEE or size == 17 or start + size > stop:
                raise Unsuitable("a Huffman table is damaged")
            number = number >> 3 | number & 1
            if self._view[start : start + size] != self._known[number]:
                self._known[number] = b""
                codes = bytes(self._view[start : start + size])
                jpegscan.fill_table(self._tables, number * jpegscan.TABLE, codes, number > 1)
                self._known[number] = codes
            self._defined |= 1 << number
            start += size

    def _scan(self, start, stop):
        """Note the blocks of an MCU: 1 + row, or 0 for a colour; column; tables for DC and AC."""
        count = self._count
        if not count:
            raise Unsuitable("it has no frame header")
        if stop - start != 4 + 2 * count or self._byte(start) != count:
            raise Unsuitable("it has several scans")
        across, down = self._components[1] >> 4, self._components[1] & 0xF
        if across > _MOST_SAMPLES or down > _MOST_SAMPLES:
            raise Unsuitable("its sampling is damaged")
        layout, at = self._layout, 2
        for n in range(count):
            sampling, tables = self._components[3 * n + 1], self._byte(start + 2 + 2 * n)
            if self._byte(start + 1 + 2 * n) != self._components[3 * n] or tables & 0xEE:
                raise Unsuitable("its scan does not fit its frame")
            needed = 1 << (tables >> 4) | 4 << (tables & 1)
            if self._defined & needed != needed:
                raise Unsuitable("a Huffman table is missing")
            if not 0 < sampling >> 4 <= across or not 0 < sampling & 0xF <= down:
                raise Unsuitable("its colours have more samples than its brightness")
            for block in range((sampling >> 4) * (sampling & 0xF)):
                if at == len(layout):
                    raise Unsuitable("its sampling is damaged")
                layout[at] = 0 if n else 1 + block // across
                layout[at + 1] = block % across
                layout[at + 2], layout[at + 3] = tables >> 4, 2 + (tables & 1)
                at += 4
        if not self._dc_steps[self._components[2] & 3]:
            raise Unsuitable("a quantization table is missing")
        layout[0], layout[1] = at, across

    def _begin_scan(self):
        across, width = self._layout[1], self._width
        padded = (width + across - 1) // across * across
        jpegscan.share(self._columns, width, padded, COLUMNS)
        jpegscan.clear(self._sums, len(self._sums))
        self._state[jpegscan.AT] = self.scan_at
        self._begin_bits()
        self._until_restart = self.interval or _NEVER
        self._left = self._restarts = 0
        self._row = -1

    def _begin_bits(self):
        state = self._state
        state[jpegscan.BITS] = state[jpegscan.COUNT] = state[jpegscan.PADDING] = 0
        state[jpegscan.DC] = jpegscan.MIDDLE

    def _next_row(self):
        """Begin the next row of MCUs; return True if there is none."""
        down, height = (self._components[1] & 0xF), self._height
        self._row += 1
        first = self._row * down
        for n in range(down):
            y = first + n
            base = y * min(height, ROWS) // height if y < height else ROWS
            self._state[jpegscan.BASES + n] = base * jpegscan.STRIDE
        self._state[jpegscan.X] = 0
        self._left = (self._width + self._layout[1] - 1) // self._layout[1]
        return first >= height

    def _restart(self):
        """Pass a restart marker (T.81 F.2.1.3.1)."""
        state = self._state
        at = state[jpegscan.AT]
        while self._word(at) == 0xFFFF:  # fill bytes
            at += 1
        marker = 0xFF00 | _RST0 | self._restarts & 7
        if state[jpegscan.COUNT] - state[jpegscan.PADDING] > 7 or self._word(at) != marker:
            raise Unsuitable("a restart marker is missing")
        state[jpegscan.AT] = at + 2
        self._begin_bits()
        self._restarts += 1
        self._until_restart = self.interval
