"""Checks `esp32.Partition` against MicroPython on ESP-IDF 5.2 (layout with two slots).

Overwrites the spare slot, but leaves the boot partition unchanged.
"""

import unittest

from esp32 import Partition

BLOCK = 4_096
INVALID_SIZE = (-260, "ESP_ERR_INVALID_SIZE")
VALIDATE_FAILED = (-5379, "ESP_ERR_OTA_VALIDATE_FAILED")
ENOENT = (2,)


def refused(function, *args):
    """Return the type and arguments of the exception, or None."""
    try:
        function(*args)
    except Exception as exc:
        return type(exc), exc.args
    return None


def spare():
    return Partition(Partition.RUNNING).get_next_update()


def image_blocks(partition):
    """Return the number of blocks of the image in a partition."""
    head = bytearray(24)
    partition.readblocks(0, head, 0)
    at = 24
    for _ in range(head[1]):
        segment = bytearray(8)
        partition.readblocks(at // BLOCK, segment, at % BLOCK)
        at += 8 + int.from_bytes(segment[4:], "little")
    at += 16 - at % 16 + 32 * head[23]
    return (at + BLOCK - 1) // BLOCK


class TestTable(unittest.TestCase):
    def test_slots_for_images(self):
        slots = Partition.find()
        self.assertEqual([p.info()[4] for p in slots], ["ota_0", "ota_1"])
        self.assertEqual(
            repr(slots[0]),
            "<Partition type=0, subtype=16, address=65536, size=%d, label=ota_0, encrypted=0>"
            % slots[0].info()[3],
        )
        self.assertEqual(slots[1].info()[:2], (0, 17))
        self.assertEqual(slots[1].info()[5], False)

    def test_data(self):
        by_label = {p.info()[4]: p.info() for p in Partition.find(Partition.TYPE_DATA)}
        self.assertEqual(by_label["nvs"][1:3], (2, 36_864))
        self.assertEqual(by_label["otadata"][1], 0)
        self.assertEqual(by_label["otadata"][3], 8_192)
        self.assertEqual(by_label["vfs"][1], 129)

    def test_by_type_subtype_and_label(self):
        found = Partition.find(Partition.TYPE_DATA, subtype=2)
        self.assertEqual([p.info()[4] for p in found], ["nvs"])
        found = Partition.find(Partition.TYPE_APP, label="ota_1")
        self.assertEqual([p.info()[1] for p in found], [17])
        self.assertEqual(Partition.find(label="zzz"), [])
        self.assertEqual(Partition.find(label="nvs"), [])

    def test_by_label(self):
        self.assertEqual(Partition("nvs").info(), Partition.find(1, label="nvs")[0].info())
        self.assertEqual(refused(Partition, "nosuch"), (OSError, ENOENT))
        self.assertEqual(refused(Partition, 2), (ValueError, ()))

    def test_running_boot_and_next(self):
        running = Partition(Partition.RUNNING).info()
        self.assertIn(running[4], ("ota_0", "ota_1"))
        self.assertIn(Partition(Partition.BOOT).info()[4], ("ota_0", "ota_1"))
        self.assertIn(spare().info()[4], ("ota_0", "ota_1"))
        self.assertNotEqual(spare().info(), running)
        self.assertEqual(spare().get_next_update().info(), running)


class TestBlocks(unittest.TestCase):
    def setUp(self):
        self.part = spare()
        self.blocks = self.part.info()[3] // BLOCK

    def assertHolds(self, block, data):
        """Compare without assertEqual, whose message needs eight times the memory of the data."""
        self.assertTrue(self.read(block, len(data)) == data, block)

    def read(self, block, size=BLOCK, *offset):
        buffer = bytearray(size)
        self.part.readblocks(block, buffer, *offset)
        return bytes(buffer)

    def test_ioctl(self):
        self.assertEqual(self.part.ioctl(4, 0), self.blocks)
        self.assertEqual(self.part.ioctl(5, 0), BLOCK)
        self.assertEqual(self.part.ioctl(3, 0), 0)
        self.part.writeblocks(1, b"\0" * BLOCK)
        self.assertEqual(self.part.ioctl(6, 1), 0)
        self.assertHolds(1, b"\xff" * BLOCK)
        self.assertIsNone(self.part.ioctl(99, 0))

    def test_writing_blocks_erases_them_first(self):
        for byte in (b"\0", b"\xa5", b"\x5a"):
            self.part.writeblocks(2, byte * (2 * BLOCK))
            self.assertHolds(2, byte * (2 * BLOCK))

    def test_writing_at_an_offset_only_clears_bits(self):
        self.part.ioctl(6, 1)
        self.part.writeblocks(1, b"\xf0hello", 3)
        self.part.writeblocks(1, b"\x3f", 3)
        self.assertEqual(self.read(1, 9, 1), b"\xff\xff\x30hello\xff")

    def test_write_at_an_offset_can_extend_into_the_next_block(self):
        self.part.ioctl(6, 1)
        self.part.ioctl(6, 2)
        self.part.writeblocks(1, b"across", BLOCK - 3)
        self.assertEqual(self.read(1, 6, BLOCK - 3), b"across")
        self.assertEqual(self.read(2, 3, 0), b"oss")

    def test_text_can_be_written_but_not_read_into(self):
        self.part.ioctl(6, 1)
        self.part.writeblocks(1, "text", 0)
        self.assertEqual(self.read(1, 4, 0), b"text")
        args = ("object with buffer protocol required",)
        self.assertEqual(refused(self.part.readblocks, 0, b"1234"), (TypeError, args))

    def test_sizes(self):
        bad = (OSError, INVALID_SIZE)
        self.assertEqual(refused(self.part.writeblocks, 1, b"x" * 100), bad)
        self.assertEqual(refused(self.part.writeblocks, self.blocks, bytes(BLOCK)), bad)
        self.assertEqual(refused(self.part.writeblocks, self.blocks - 1, bytes(2 * BLOCK)), bad)
        self.assertEqual(refused(self.part.readblocks, self.blocks, bytearray(1)), bad)
        self.assertEqual(refused(self.part.ioctl, 6, self.blocks), bad)


class TestBoot(unittest.TestCase):
    """An image that cannot start is refused; the boot partition is restored."""

    def setUp(self):
        self.running = Partition(Partition.RUNNING)
        self.spare = spare()
        self.boot = Partition(Partition.BOOT).info()

    def tearDown(self):
        self.assertEqual(Partition(Partition.BOOT).info(), self.boot)

    def assertNotBootable(self, partition):
        self.assertEqual(refused(partition.set_boot), (OSError, VALIDATE_FAILED))

    def copy(self, *blocks):
        buffer = bytearray(BLOCK)
        for block in range(*blocks):
            self.running.readblocks(block, buffer)
            self.spare.writeblocks(block, buffer)

    def test_empty_slot_garbage_and_data_partition(self):
        self.spare.ioctl(6, 0)
        self.assertNotBootable(self.spare)
        self.spare.writeblocks(0, b"\xe9" + b"\x03" * (BLOCK - 1))
        self.assertNotBootable(self.spare)
        self.assertNotBootable(Partition("vfs"))

    def test_truncated_damaged_and_complete_image(self):
        blocks = image_blocks(self.running)
        self.copy(blocks - 1)
        self.spare.ioctl(6, blocks - 1)
        self.assertNotBootable(self.spare)
        self.copy(blocks - 1, blocks)
        self.spare.writeblocks(1, b"\0", 77)
        if self.damaged():
            self.assertNotBootable(self.spare)
            self.copy(1, 2)
        self.spare.set_boot()
        self.assertEqual(Partition(Partition.BOOT).info(), self.spare.info())
        self.running.set_boot()
        Partition.mark_app_valid_cancel_rollback()

    def damaged(self):
        """Return True if the cleared byte was not zero before."""
        one, other = bytearray(1), bytearray(1)
        self.running.readblocks(1, one, 77)
        self.spare.readblocks(1, other, 77)
        return one != other

    def test_confirming_a_confirmed_image(self):
        self.assertIsNone(Partition.mark_app_valid_cancel_rollback())
        self.assertIsNone(Partition.mark_app_valid_cancel_rollback())


unittest.main()
