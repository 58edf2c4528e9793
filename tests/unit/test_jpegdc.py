"""proto.jpegdc: pictures made bit by bit, in steps, without an allocation per picture."""

import array
import gc
import unittest

import suite

from config import limits
from proto.jpegdc import COLUMNS, ROWS, DCGrid

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
STEP = 16  # of the quantization: the mean of a block is 128 + 2 * DC
DQT = b"\xff\xdb\0\x43\0" + bytes([STEP]) + b"\1" * 63
DC_CODES = bytes([0, 0, 0, 12]) + bytes(12) + bytes(range(12))  # 12 codes of 4 bits
# the end of a block has 1 bit, 16 zeros have 12 bits, and 3 codes of values 16 bits
AC_CODES = bytes([1] + [0] * 10 + [1] + [0] * 3 + [3]) + b"\0\xf0\x1a\x0a\xea"
AC = {0: ("0", 0), 0xF0: ("100000000000", 0), 0x1A: ("1" + "0" * 10 + "10000", 10)}
AC[0x0A] = ("1" + "0" * 10 + "10001", 10)
AC[0xEA] = ("1" + "0" * 10 + "10010", 10)


def huffman(number, codes):
    return b"\xff\xc4\0" + bytes([len(codes) + 3, number]) + codes


def frame(width, height, components=((1, 0x11, 0),), kind=0xC0):
    head = bytes([0xFF, kind, 0, 8 + 3 * len(components), 8, height >> 8, height & 255])
    head += bytes([width >> 8, width & 255, len(components)])
    return head + b"".join([bytes(each) for each in components])


def scan(components=(1,)):
    head = b"\xff\xda\0" + bytes([6 + 2 * len(components), len(components)])
    return head + b"".join([bytes([each, 0]) for each in components]) + b"\0\x3f\0"


def dc_bits(difference):
    size = 0
    while abs(difference) >> size:
        size += 1
    value = difference if difference > 0 else difference + (1 << size) - 1
    bits = ["{}".format(size >> n & 1) for n in (3, 2, 1, 0)]
    return "".join(bits + ["{}".format(value >> n & 1) for n in range(size - 1, -1, -1)])


def packed(bits):
    bits += "1" * (-len(bits) % 8)
    data = bytes([int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)])
    return data.replace(b"\xff", b"\xff\0")


# blocks whose last value is not 0
FULL = AC[0xF0][0] * 3 + (AC[0x0A][0] + "1" * 10) * 15
LAST = AC[0xF0][0] * 3 + AC[0xEA][0] + "1" * 10
TABLES = DQT + huffman(0, DC_CODES) + huffman(0x10, AC_CODES)


def grey(width, height, means, rest="0"):
    """Return a picture whose blocks have these means and the same AC coefficients."""
    before, bits = 0, []
    for mean in means:
        dc = (mean - 128) // 2
        bits.append(dc_bits(dc - before) + rest)
        before = dc
    return SOI + TABLES + frame(width, height) + scan() + packed("".join(bits)) + EOI


MEANS = [(7 * n) % 256 // 2 * 2 for n in range(COLUMNS * ROWS)]
PICTURE = grey(128, 96, MEANS)


class TestDCGrid(unittest.TestCase):
    def setUp(self):
        self.grid = DCGrid()

    def refused(self, data, reason):
        try:
            self.grid.decode(memoryview(data))
        except ValueError as e:
            self.assertEqual(str(e), reason)
        else:
            self.fail("accepted")

    def test_one_block_per_cell(self):
        self.grid.decode(memoryview(PICTURE))
        self.assertEqual(list(self.grid.cells), MEANS)

    def test_bytes_and_signed_views(self):
        signed = array.array("b", [b - 256 if b > 127 else b for b in PICTURE])
        for data in (PICTURE, bytearray(PICTURE), memoryview(signed)):
            self.grid.cells[:] = bytes(COLUMNS * ROWS)
            self.grid.decode(data)
            self.assertEqual(list(self.grid.cells), MEANS)

    def test_skipped_coefficients(self):
        short, value = AC[0][0], "1" * 10
        long = AC[0x1A][0] + value + AC[0x0A][0] + "0" * 10
        for rest in (AC[0xF0][0] + short, long + short, FULL):
            self.grid.decode(grey(128, 96, MEANS, rest))
            self.assertEqual(list(self.grid.cells), MEANS)

    def test_too_many_coefficients(self):
        self.refused(grey(128, 96, MEANS, AC[0x1A][0] + "1" * 10 + AC[0xF0][0] * 4), FAULT)

    def test_short_codes_for_long_runs(self):
        zeros, end = "0", "10"  # 16 zeros in one bit
        tables = DQT + huffman(0, DC_CODES) + huffman(0x10, bytes([1, 1] + [0] * 14) + b"\xf0\0")
        head = SOI + tables + frame(8, 8) + scan()
        for runs, good in ((0, True), (3, True), (4, False), (5, False), (8, False), (9, False)):
            data = head + packed(dc_bits(36) + zeros * runs + end) + EOI
            if good:
                self.grid.decode(data)
                self.assertEqual(list(self.grid.cells), [200] * (COLUMNS * ROWS))
            else:
                self.refused(data, FAULT)

    def test_a_tiny_picture_fills_all_cells(self):
        self.grid.decode(grey(3, 5, [200]))
        self.assertEqual(list(self.grid.cells), [200] * (COLUMNS * ROWS))
        self.grid.decode(grey(16, 8, [40, 200]))
        self.assertEqual(list(self.grid.cells), ([40] * 8 + [200] * 8) * ROWS)

    def test_mean_of_several_blocks(self):
        self.grid.decode(grey(256, 192, [100, 110] * (32 * 24 // 2)))
        self.assertEqual(list(self.grid.cells), [105] * (COLUMNS * ROWS))

    def test_colours_do_not_count(self):
        colours = ((1, 0x22, 0), (2, 0x11, 0), (3, 0x11, 0))
        bits = [dc_bits(36) + "0"] + [dc_bits(0) + "0"] * 3 + [dc_bits(50) + "0"] * 2
        head = SOI + TABLES + frame(16, 16, colours) + scan((1, 2, 3))
        self.grid.decode(head + packed("".join(bits)) + EOI)
        self.assertEqual(list(self.grid.cells), [200] * (COLUMNS * ROWS))

    def test_blocks_beyond_the_edge_do_not_count(self):
        colours = ((1, 0x21, 0), (2, 0x11, 0), (3, 0x11, 0))
        bits = [dc_bits(36) + "0", dc_bits(-50) + "0"] + [dc_bits(0) + "0"] * 2
        head = SOI + TABLES + frame(8, 8, colours) + scan((1, 2, 3))
        self.grid.decode(head + packed("".join(bits)) + EOI)
        self.assertEqual(list(self.grid.cells), [200] * (COLUMNS * ROWS))

    def restarting(self, markers):
        """Return a picture with a restart marker after each two blocks."""
        data = SOI + TABLES + b"\xff\xdd\0\4\0\2" + frame(64, 8) + scan()
        for n in range(4):
            data += packed((dc_bits(36) + "0") + (dc_bits(0) + "0")) + markers[n]
        return data

    def test_restart_markers(self):
        good = [b"\xff\xd0", b"\xff\xff\xd1", b"\xff\xd2", EOI]
        self.grid.decode(self.restarting(good))
        self.assertEqual(list(self.grid.cells), [200] * (COLUMNS * ROWS))
        for bad in (b"", b"\xff\xd3", b"\0\xff\xd1"):
            self.refused(self.restarting([good[0], bad] + good[2:]), "a restart marker is missing")

    def test_last_value_before_a_restart_marker(self):
        for size in range(8):  # the value begins at each bit of a byte
            dc = 1 << size >> 1
            block = dc_bits(-dc) + "0" + dc_bits(0) + LAST
            data = SOI + TABLES + b"\xff\xdd\0\4\0\2" + frame(32, 8) + scan()
            self.grid.decode(data + packed(block) + b"\xff\xd0" + packed(block) + EOI)
            self.assertEqual(list(self.grid.cells), [128 - 2 * dc] * (COLUMNS * ROWS))
            self.refused(data + packed(block[:-9]) + b"\xff\xd0" + packed(block) + EOI, EARLY)

    def test_last_value_of_a_step(self):
        usual, limits.MOTION_STEP_MCUS = limits.MOTION_STEP_MCUS, 1
        try:
            for rest in (FULL, LAST):
                self.grid.decode(grey(128, 96, MEANS, rest))
                self.assertEqual(list(self.grid.cells), MEANS)
        finally:
            limits.MOTION_STEP_MCUS = usual

    def test_steps(self):
        blocks = 40 * 30
        self.grid.start(grey(320, 240, [90] * blocks))
        steps = 1
        while not self.grid.step():
            steps += 1
        self.assertTrue(
            abs(steps - blocks // limits.MOTION_STEP_MCUS) <= 1, "{} steps".format(steps)
        )
        self.assertEqual(list(self.grid.cells), [90] * (COLUMNS * ROWS))

    def test_damaged_scans(self):
        self.refused(PICTURE[:-90] + EOI, EARLY)
        self.refused(grey(128, 96, MEANS, "1" * 16), FAULT)  # no code
        self.refused(grey(128, 96, [4_000] * 3 + [8_000] * 189), FAULT)  # DC out of range

    def test_damaged_headers(self):
        for data in (b"", b"\xff", SOI, b"GIF89a", PICTURE[1:]):
            self.refused(data, "it is not a JPEG")
        self.refused(PICTURE[:-2], "its end is missing")
        self.refused(SOI + b"\xff\xdb\xff\xff" + EOI, "its headers are damaged")
        self.refused(SOI + TABLES + scan() + b"\0" + EOI, "it has no frame header")
        self.refused(SOI + DQT + frame(8, 8) + scan() + EOI, "a Huffman table is missing")
        self.refused(
            SOI + TABLES[len(DQT) :] + frame(8, 8) + scan() + EOI,
            "a quantization table is missing",
        )
        for sampling in (0x61, 0x16, 0x51, 0x15):  # for more than 4 there is no room
            parts = frame(1_600, 1_200, ((1, sampling, 0), (2, 0x11, 0), (3, 0x11, 0)))
            data = SOI + TABLES + parts + scan((1, 2, 3)) + b"\0" * 4_000 + EOI
            self.refused(data, "its sampling is damaged")
        self.refused(SOI + frame(8, 8, kind=0xC2) + EOI, "it is not a baseline JPEG")
        self.refused(SOI + frame(1_601, 8) + EOI, "its size is not 1 x 1 to 1600 x 1200 pixels")
        # the tables of the picture before are not those of this one
        self.grid.decode(PICTURE)
        self.refused(SOI + DQT + frame(8, 8) + scan() + EOI, "a Huffman table is missing")

    def test_damaged_huffman_tables(self):
        for codes in (
            bytes([3]) + bytes(15) + b"\0\1\2",  # more codes than there are
            bytes([2]) + bytes(15) + b"\0\1",  # a code of ones only
            bytes([1]) + bytes(15) + b"\x0c",  # a value of 12 bits
            bytes(15) + bytes([1]) + b"\x0b",  # a code and a value of 27 bits
            bytes(16),
        ):
            self.refused(SOI + huffman(0, codes) + EOI, "a Huffman table is damaged")
        self.refused(SOI + huffman(0x10, bytes([1]) + bytes(15) + b"\x10") + EOI, TABLE)
        self.refused(SOI + huffman(2, DC_CODES) + EOI, TABLE)

    def test_keeps_no_picture(self):
        for end in (EOI, b""):
            picture = PICTURE[:-2] + bytes(300_000) + end
            try:
                self.grid.decode(memoryview(picture))
            except ValueError:
                self.assertEqual(end, b"")
            held = gc.mem_alloc()
            del picture
            gc.collect()
            self.assertTrue(held - gc.mem_alloc() > 300_000)

    def test_allocates_nothing_for_a_picture(self):
        view = memoryview(PICTURE)
        self.grid.decode(view)
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        self.grid.decode(view)
        cost = gc.mem_alloc() - before
        gc.enable()
        self.assertTrue(cost < 256, cost)


FAULT, TABLE = "its data is damaged", "a Huffman table is damaged"
EARLY = "its data ends early"

suite.main()
