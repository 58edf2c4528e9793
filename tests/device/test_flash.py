"""Checks `hal.flash` and `hal.otadata` on the board's partitions; overwrites the spare slot."""

import unittest

from esp32 import Partition

from config import product
from hal import flash, otadata

_CRC_OF_1 = b"\x9a\x98\x43\x47"  # as computed by ESP-IDF


class TestSlots(unittest.TestCase):
    def test_running_and_spare(self):
        running, spare = flash.running(), flash.spare()
        self.assertEqual(sorted((running.label, spare.label)), ["ota_0", "ota_1"])
        self.assertEqual(
            (running.number, spare.number), (int(running.label[4]), int(spare.label[4]))
        )
        self.assertEqual(running.size_bytes, spare.size_bytes)
        self.assertIn(flash.boot().label, ("ota_0", "ota_1"))

    def test_description_of_the_running_image(self):
        """Ours, that of an image built from MicroPython's sources, or none as in its downloads."""
        project, version = flash.running().description()
        self.assertIn(project, (product.NAME, "micropython", ""))
        self.assertEqual(bool(project), bool(version))

    def test_no_description_without_an_image(self):
        spare = flash.spare()
        spare.erase(0)
        self.assertEqual(spare.description(), ("", ""))

    def test_reads_from_any_offset(self):
        slot = flash.spare()
        slot.erase(0)
        slot.erase(1)
        slot.write(0, b"a" * 4_096)
        slot.write(1, b"b" * 10)
        buffer = bytearray(4)
        slot.readinto(4_094, buffer)
        self.assertEqual(buffer, b"aabb")


class TestOtadata(unittest.TestCase):
    """Changes `otadata` and restores it."""

    def setUp(self):
        self.partition = Partition("otadata")
        self.before = [bytearray(32), bytearray(32)]
        for block in range(2):
            self.partition.readblocks(block, self.before[block], 0)

    def tearDown(self):
        for block in range(2):
            self.put(block, self.before[block])

    def put(self, block, entry):
        self.partition.ioctl(6, block)
        self.partition.writeblocks(block, entry, 0)

    def entry(self, state, seq=1, crc=_CRC_OF_1):
        head = seq.to_bytes(4, "little") + b"\xff" * 20
        return head + state.to_bytes(4, "little") + crc

    def test_state_of_a_slot(self):
        self.partition.ioctl(6, 1)
        first, second = [flash.Slot(p) for p in Partition.find()]
        for state in (otadata.PENDING, otadata.VALID, otadata.ABORTED):
            self.put(0, self.entry(state))
            self.assertEqual(otadata.state(first), state)
            self.assertIsNone(otadata.state(second))
        self.put(0, self.entry(otadata.VALID, crc=b"\0\0\0\0"))
        self.assertIsNone(otadata.state(first))
        self.put(0, b"\xff" * 32)
        self.assertIsNone(otadata.state(first))

    def test_failed_slot(self):
        self.partition.ioctl(6, 1)
        self.put(0, self.entry(otadata.VALID))
        self.assertIsNone(otadata.failed())
        for state in (otadata.ABORTED, otadata.INVALID):
            self.put(0, self.entry(state))
            self.assertEqual(otadata.failed().label, "ota_0")

    def test_confirming_a_confirmed_image(self):
        if not otadata.unconfirmed():
            self.assertFalse(otadata.confirm())

    def test_confirming_keeps_the_running_image(self):
        """Even if another image was selected later, which the chip itself would confirm."""
        if flash.running().label != "ota_0":
            return
        self.partition.ioctl(6, 1)
        self.put(0, self.entry(otadata.PENDING))
        self.assertTrue(otadata.unconfirmed())
        self.assertTrue(otadata.confirm())
        self.assertFalse(otadata.unconfirmed())
        self.assertEqual(otadata.state(flash.running()), otadata.VALID)
        self.assertEqual(flash.boot().label, "ota_0")


unittest.main()
