"""proto.espimage on MicroPython itself."""

import unittest

from espimages import image

from proto.espimage import LOOK, Description, older
from proto.imagewalk import Walk

WHOLE = image()


class TestImage(unittest.TestCase):
    def test_described(self):
        told = Description(memoryview(WHOLE)[:LOOK])
        self.assertEqual((told.version, told.project), ("1.2.3", "micropython"))
        self.assertEqual(told.elf, WHOLE[176:208])

    def test_walked_in_pieces(self):
        for step in (1, 7, 64, 4_096):
            walk = Walk()
            view = memoryview(WHOLE + b"what follows")
            at = 0
            while not walk.whole:
                at += walk.feed(view[at : at + step])
            self.assertEqual((at, walk.size), (len(WHOLE), len(WHOLE)))
            self.assertEqual(walk.digest, WHOLE[-32:])

    def test_refused(self):
        for head, why in (
            (image(chip=9), "ESP32-S3"),
            (image(chip=77), "number 77"),
            (b"<" + WHOLE[1:], "begins with 3c"),
            (WHOLE[: LOOK - 1], "no firmware image"),
            (image(project=b""), "unreadable"),
        ):
            try:
                Description(head[:LOOK])
                self.assertTrue(False, why)
            except ValueError as e:
                self.assertIn(why, str(e))

    def test_every_changed_byte(self):
        for at in range(len(WHOLE)):
            data = bytearray(WHOLE)
            data[at] ^= 0x10
            try:
                Description(data[:LOOK])
                walk = Walk()
                walk.feed(memoryview(data))
                self.assertFalse(walk.whole, str(at))
            except ValueError:
                pass

    def test_versions(self):
        self.assertTrue(older("v1.24.1", "v1.25.0"))
        self.assertTrue(older("v1.25.0-preview.1", "v1.25.0"))
        self.assertFalse(older("v1.25.0", "v1.25.0"))
        self.assertFalse(older("unknown", "v1.25.0"))


unittest.main()
