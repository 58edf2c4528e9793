"""proto.espimage on MicroPython (more in tests/props)."""

import unittest

import suite
from espimages import image

from proto.espimage import HEAD_BYTES, Description, ImageParser, older

WHOLE = image()


class TestImage(unittest.TestCase):
    def test_description(self):
        description = Description(memoryview(WHOLE)[:HEAD_BYTES])
        self.assertEqual((description.version, description.project), ("1.2.3", "micropython"))
        self.assertEqual(description.elf, WHOLE[176:208])

    def test_images_without_a_name(self):
        for version, project, name in (
            (b"", b"", "an image without a name"),
            (b"1.0", b"", "1.0"),
            (b"", b"camera", "camera"),
        ):
            found = Description(image(version, project)[:HEAD_BYTES])
            self.assertEqual((found.name, found.is_named), (name, False))
        self.assertEqual(Description(WHOLE[:HEAD_BYTES]).name, "micropython 1.2.3")
        self.assertTrue(Description(WHOLE[:HEAD_BYTES]).is_named)

    def test_parsed_in_pieces(self):
        for step in (1, 7, 64, 4_096):
            parser = ImageParser()
            view = memoryview(WHOLE + b"trailing data")
            at = 0
            while not parser.whole:
                at += parser.feed(view[at : at + step])
            self.assertEqual((at, parser.size), (len(WHOLE), len(WHOLE)))
            self.assertEqual(parser.digest, WHOLE[-32:])

    def test_refused(self):
        for head, why in (
            (image(chip=9), "ESP32-S3"),
            (image(chip=77), "number 77"),
            (b"<" + WHOLE[1:], "begins with 3c"),
            (WHOLE[: HEAD_BYTES - 1], "not a firmware image"),
            (image(project=b"\0x"), "unreadable"),
            (image(version=b"1.0\xff"), "unreadable"),
        ):
            try:
                Description(head[:HEAD_BYTES])
                self.assertTrue(False, why)
            except ValueError as e:
                self.assertIn(why, str(e))

    def test_every_changed_byte(self):
        for at in range(len(WHOLE)):
            data = bytearray(WHOLE)
            data[at] ^= 0x10
            try:
                Description(data[:HEAD_BYTES])
                parser = ImageParser()
                parser.feed(memoryview(data))
                self.assertFalse(parser.whole, str(at))
            except ValueError:
                pass

    def test_versions(self):
        self.assertTrue(older("v1.24.1", "v1.25.0"))
        self.assertTrue(older("v1.25.0-preview.1", "v1.25.0"))
        self.assertFalse(older("v1.25.0", "v1.25.0"))
        self.assertFalse(older("unknown", "v1.25.0"))
        self.assertFalse(older("", "v1.25.0") or older("v1.25.0", "") or older("", ""))


suite.main()
