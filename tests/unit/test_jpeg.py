"""proto.jpeg: complete pictures, their padding, and invalid data."""

import gc
import unittest

import suite

from proto.jpeg import BadJPEG, length

GOOD = b"\xff\xd8\xff\xe0" + bytes(i % 250 for i in range(2_000)) + b"\xff\xd9"


class TestLength(unittest.TestCase):
    def bad(self, data):
        with self.assertRaises(BadJPEG):
            length(memoryview(data))

    def test_complete_jpeg(self):
        self.assertEqual(length(memoryview(GOOD)), len(GOOD))
        self.assertEqual(length(memoryview(b"\xff\xd8\xff\xd9")), 4)

    def test_padding_of_any_length_is_not_counted(self):
        for n in (1, 2, 3, 509, 510, 511, 512, 513, 1_024, 5_000, 16_000):
            for filler in (b"\0", b"\xff"):
                self.assertEqual(length(memoryview(GOOD + filler * n)), len(GOOD), (n, filler))

    def test_signed_view_of_a_driver(self):
        import array

        signed = array.array("b", [b - 256 if b > 127 else b for b in GOOD + b"\0" * 600])
        self.assertEqual(length(memoryview(signed)), len(GOOD))

    def test_no_start(self):
        for data in (
            b"",
            b"\xff",
            b"\xff\xd8",
            b"\xff\xd8\xff",
            b"\0" + GOOD,
            GOOD[1:],
            b"\0" * 99,
        ):
            self.bad(data)
        self.bad(b"\xff\xd8\0\0" + GOOD[4:])

    def test_truncated(self):
        for end in list(range(0, 60)) + list(range(len(GOOD) - 60, len(GOOD))):
            self.bad(GOOD[:end])
            self.bad(GOOD[:end] + b"\0" * 700)

    def test_garbage_after_the_end(self):
        for rubbish in (b"x", b"\0x", b"\xd9\xff\xd8", b"\0" * 600 + b"x"):
            self.bad(GOOD + rubbish)

    def test_long_padding_is_bounded(self):
        self.bad(b"\xff\xd8\xff" + b"\0" * 100_000)
        self.bad(b"\xff" * 100_000)

    def test_copies_no_picture(self):
        view = memoryview(b"\xff\xd8\xff" + b"\x55" * 200_000 + b"\xff\xd9" + b"\0" * 1_000)
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        self.assertEqual(length(view), len(view) - 1_000)
        cost = gc.mem_alloc() - before
        gc.enable()
        self.assertTrue(cost < 8_192, cost)


suite.main()
