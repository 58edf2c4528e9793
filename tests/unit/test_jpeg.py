"""proto.jpeg: whole pictures, what drivers add to them, and damaged data."""

import array
import gc
import unittest

import suite
from fakes import JPEG

from proto.jpeg import BadJPEG, dimensions, newest

SOI, SOF, SOS, EOI = b"\xff\xd8", b"\xff\xc0\0\3x", b"\xff\xda\0\3x", b"\xff\xd9"
SCAN = b"\0scan\xff\0\xff\xd0"
OLDER, NEWER = JPEG, SOI + b"\xff\xe0\0\4\xff\xd8" + SOF + b"\xff\xff" + SOS + SCAN + EOI


class TestNewest(unittest.TestCase):
    def good(self, data, expected):
        self.assertEqual(bytes(newest(memoryview(data))), expected)

    def bad(self, data, reason=None):
        try:
            newest(memoryview(data))
        except BadJPEG as e:
            self.assertTrue(reason in (None, str(e)), e)
        else:
            self.fail("accepted")

    def test_whole_picture(self):
        for picture in (OLDER, NEWER):
            view = memoryview(picture)
            self.assertTrue(newest(view) is view)

    def test_bytes_after_it_are_not_counted(self):
        for n in (1, 2, 3, 509, 510, 511, 512, 513, 5_000):
            for filler in (b"\0", b"\xff", b"\xff\0", b"\xff\xd0", b"x", b"\xff\xda", EOI, SOI):
                self.good(NEWER + filler * n, NEWER)

    def test_signed_view_of_a_driver(self):
        data = array.array("b", [b - 256 if b > 127 else b for b in NEWER + b"\0" * 600])
        self.assertEqual(bytes(newest(memoryview(data))), NEWER)

    def test_newer_of_two_pictures(self):
        for gap in (b"", b"\0" * 300, b"\xff" * 3, b"rest", SOI, SOI + b"\xff"):
            self.good(OLDER + gap + NEWER, NEWER)
            self.good(NEWER + gap + OLDER + b"\0\0", OLDER)
            self.good(OLDER + gap + NEWER[:-2], OLDER)  # the newer one is not whole
            self.good(OLDER + gap + NEWER + OLDER[:10], NEWER)

    def test_newer_picture_after_part_of_an_older_one(self):
        for cut in (2, 20, len(SOI + SOF), len(OLDER) - 2, len(OLDER) - 5):
            self.good(OLDER[:cut] + NEWER, NEWER)

    def test_no_start(self):
        for data in (b"", b"\xff", SOI, b"\0" + NEWER, NEWER[1:], b"\0" * 99, b"\xff" * 999):
            self.bad(data, "no SOI")

    def test_parts_that_are_missing(self):
        self.bad(SOI + EOI, "no SOS")
        self.bad(SOI + b"\0\0" + OLDER[4:], "no SOS")
        self.bad(SOI + SOF + EOI, "no SOS")
        self.bad(SOI + SOF + SCAN + EOI, "no SOS")
        self.bad(SOI + SOS + SCAN + EOI, "no SOF")
        self.bad(SOI + b"\xff\xc4\0\3x" + SOS + SCAN + EOI, "no SOF")
        self.bad(SOI + SOF + SOS + SCAN, "no EOI")
        self.bad(SOI + SOF + SOS + SCAN + b"\xff", "no EOI")
        self.bad(SOI + SOF + b"\xff\xda\xff\xff" + SCAN + EOI, "no EOI")

    def test_truncated(self):
        for end in range(len(NEWER)):
            self.bad(NEWER[:end])
            self.bad(NEWER[:end] + b"\0" * 700)

    def test_marker_within_the_scan(self):
        for kind in (0x01, 0xC0, 0xD8, 0xDA, 0xE0, 0xFE):
            self.bad(SOI + SOF + SOS + SCAN + bytes((0xFF, kind)) + SCAN + EOI)

    def test_copies_no_picture(self):
        view = memoryview(NEWER[:-2] + b"\x55" * 200_000 + EOI + b"\0" * 1_000)
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        self.assertEqual(len(newest(view)), len(view) - 1_000)
        cost = gc.mem_alloc() - before
        gc.enable()
        self.assertTrue(cost < 512, cost)


class TestDimensions(unittest.TestCase):
    def test_of_the_first_frame_header(self):
        frame = b"\xff\xc0\0\x11\x08\x04\xb0\x06\x40\x03" + bytes(9)
        before = b"\xff\xe0\0\4\xff\xc0", b"\xff\xc4\0\6\xff\xc0\0\1", b"\xff"
        for start in (b"", before[0] + before[1]) + before:
            data = SOI + start + frame + SOS + SCAN + EOI
            self.assertEqual(dimensions(memoryview(data)), (1_600, 1_200))
            signed = array.array("b", [b - 256 if b > 127 else b for b in data])
            self.assertEqual(dimensions(memoryview(signed)), (1_600, 1_200))

    def test_of_a_damaged_frame_header(self):
        for data in (JPEG[:8], SOI + SOS + EOI, SOI + b"\xff\xe0\xff\xff" + SOF + SCAN):
            self.assertEqual(dimensions(memoryview(data)), (0, 0))


suite.main()
