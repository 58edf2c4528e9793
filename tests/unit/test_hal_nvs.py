"""hal.nvs on a flash that is full, and that may lose what a refused write should replace."""

import sys
import unittest

import suite

NOT_FOUND = -4354
NO_SPACE = -4357


class Chip:
    """Stands in for `esp32.NVS`; without `room` it refuses a write, and may lose the old blob."""

    stored = {}
    lost = set()
    room = 100
    loses = False
    commits = 0

    def __init__(self, namespace):
        pass

    def set_blob(self, key, data):
        others = sum(len(value) for name, value in self.stored.items() if name != key)
        if others + len(data) + len(self.stored.get(key, b"")) > Chip.room:
            if self.loses and key in self.stored:
                self.lost.add(key)
            raise OSError(NO_SPACE, "ESP_ERR_NVS_NOT_ENOUGH_SPACE")
        self.stored[key] = bytes(data)
        self.lost.discard(key)

    def get_blob(self, key, buffer):
        if key not in self.stored:
            raise OSError(NOT_FOUND, "ESP_ERR_NVS_NOT_FOUND")
        if key in self.lost and len(buffer):
            raise OSError(1, "ESP_FAIL")
        data = self.stored[key]
        buffer[: len(data)] = data[: len(buffer)]
        return len(data)

    def erase_key(self, key):
        if key not in self.stored:
            raise OSError(NOT_FOUND, "ESP_ERR_NVS_NOT_FOUND")
        del self.stored[key]
        self.lost.discard(key)

    def commit(self):
        Chip.commits += 1


class ESP32:
    NVS = Chip


sys.modules["esp32"] = ESP32

from hal.nvs import NVS  # noqa: E402 - after its hardware module


class TestBlobs(unittest.TestCase):
    def setUp(self):
        Chip.stored, Chip.lost, Chip.room, Chip.loses, Chip.commits = {}, set(), 100, False, 0
        self.nvs = NVS("syscfg")
        self.nvs.set_blob("a", b"old" * 10)

    def refused(self, data):
        try:
            self.nvs.set_blob("a", data)
        except OSError as e:
            self.assertEqual(e.errno, NO_SPACE)
            return
        self.fail("not refused")

    def test_refused_write_keeps_the_old_value(self):
        for loses in (False, True):
            Chip.room, Chip.loses = 50, loses
            self.refused(b"new" * 10)
            self.assertEqual(self.nvs.get_blob("a"), b"old" * 10)
            self.assertEqual((Chip.lost, self.nvs.is_damaged("a")), (set(), False))
        self.assertEqual(Chip.commits, 1)  # only what was restored

    def test_value_that_cannot_be_restored_is_damaged(self):
        Chip.room, Chip.loses = 50, True
        keep = Chip.erase_key
        try:
            Chip.erase_key = lambda self, key: None  # the space is not freed
            self.refused(b"new" * 10)
        finally:
            Chip.erase_key = keep
        self.assertEqual(self.nvs.get_blob("a", b"default"), b"default")
        self.assertTrue(self.nvs.is_damaged("a"))
        self.nvs.erase("a")
        self.assertFalse(self.nvs.is_damaged("a"))

    def test_missing_is_not_damaged(self):
        self.assertFalse(self.nvs.is_damaged("none"))
        self.assertEqual(self.nvs.get_blob("none", b"default"), b"default")

    def test_length(self):
        self.assertRaises(ValueError, self.nvs.set_blob, "a", bytes(2_501))
        Chip.stored["a"] = bytes(3_000)  # of another program
        self.assertEqual(self.nvs.get_blob("a", b"default"), b"default")
        self.assertFalse(self.nvs.is_damaged("a"))
        Chip.stored["a"] = b""
        self.assertEqual(self.nvs.get_blob("a", b"default"), b"")


suite.main()
