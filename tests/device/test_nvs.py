"""Checks `esp32.NVS` against ESP-IDF 5.2 on a partition of 16 KB."""

import unittest

import esp32

SPACE = "nvstest"
FAIL = (1, "ESP_FAIL")
NOT_FOUND = (-4354, "ESP_ERR_NVS_NOT_FOUND")
NO_SPACE = (-4357, "ESP_ERR_NVS_NOT_ENOUGH_SPACE")
KEY_TOO_LONG = (-4361, "ESP_ERR_NVS_KEY_TOO_LONG")
INVALID_LENGTH = (-4364, "ESP_ERR_NVS_INVALID_LENGTH")
VALUE_TOO_LONG = (-4366, "ESP_ERR_NVS_VALUE_TOO_LONG")
KEY_15 = "zbcdefghijklmno"
KEY_16 = KEY_15 + "p"


class NVSTestCase(unittest.TestCase):
    """Provides an empty namespace and leaves it empty."""

    def setUp(self):
        self.nvs = esp32.NVS(SPACE)
        self.used = set()
        for key in ("a", "b", "", KEY_15, KEY_16):
            self.erase(key)

    def tearDown(self):
        for key in ("a", "b", "", KEY_15) + tuple(self.used):
            self.erase(key)
        self.nvs.commit()

    def erase(self, key):
        try:
            self.nvs.erase_key(key)
        except OSError:
            pass

    def assertRefused(self, args, function, *arguments):
        try:
            function(*arguments)
        except (OSError, TypeError, OverflowError) as exc:
            self.assertEqual(exc.args, args)
        else:
            self.fail("not refused")

    def read(self, key):
        size = self.nvs.get_blob(key, bytearray(0))
        buffer = bytearray(size)
        self.assertEqual(self.nvs.get_blob(key, buffer), size)
        return bytes(buffer)


class TestNumbers(NVSTestCase):
    def test_limits_are_kept(self):
        for value in (0, -1, 0x7FFFFFFF, -0x7FFFFFFF):
            self.nvs.set_i32("a", value)
            self.assertEqual(self.nvs.get_i32("a"), value)

    def test_too_large(self):
        """The most negative number of 32 bits, too."""
        args = ("overflow converting long int to machine word",)
        self.assertRefused(args, self.nvs.set_i32, "a", 1 << 31)
        self.assertRefused(args, self.nvs.set_i32, "a", -1 << 31)

    def test_other_types(self):
        self.assertRefused(("can't convert str to int",), self.nvs.set_i32, "a", "1")
        self.assertRefused(("can't convert float to int",), self.nvs.set_i32, "a", 1.5)
        self.assertRefused(("can't convert NoneType to int",), self.nvs.set_i32, "a", None)

    def test_two_handles_share_values(self):
        self.nvs.set_i32("a", 7)
        self.assertEqual(esp32.NVS(SPACE).get_i32("a"), 7)

    def test_namespaces_are_separate(self):
        other = esp32.NVS("nvstest2")
        other.set_i32("a", 2)
        self.assertRefused(NOT_FOUND, self.nvs.get_i32, "a")
        other.erase_key("a")

    def test_number_replaces_a_blob(self):
        self.nvs.set_blob("a", b"text")
        self.nvs.set_i32("a", 1)
        self.assertRefused(NOT_FOUND, self.nvs.get_blob, "a", bytearray(4))
        self.assertEqual(self.nvs.get_i32("a"), 1)


class TestBlobs(NVSTestCase):
    def test_text_bytes_and_views(self):
        for value in ("text", b"text", memoryview(b"text"), bytearray(b"text")):
            self.nvs.set_blob("a", value)
            self.assertEqual(self.read("a"), b"text")

    def test_empty(self):
        self.nvs.set_blob("a", b"")
        self.assertEqual(self.nvs.get_blob("a", bytearray(0)), 0)

    def test_empty_buffer_returns_the_length(self):
        self.nvs.set_blob("a", b"x" * 40)
        self.assertEqual(self.nvs.get_blob("a", bytearray(0)), 40)

    def test_buffer_is_too_small(self):
        self.nvs.set_blob("a", b"x" * 40)
        self.assertRefused(INVALID_LENGTH, self.nvs.get_blob, "a", bytearray(39))

    def test_buffer_is_larger_than_needed(self):
        self.nvs.set_blob("a", b"abc")
        buffer = bytearray(b"-----")
        self.assertEqual(self.nvs.get_blob("a", buffer), 3)
        self.assertEqual(buffer, b"abc--")

    def test_no_buffer(self):
        self.nvs.set_blob("a", b"x")
        args = ("object with buffer protocol required",)
        self.assertRefused(args, self.nvs.set_blob, "a", 5)
        self.assertRefused(args, self.nvs.get_blob, "a", b"12345")

    def test_overwriting_one_key_many_times(self):
        for count in range(60):
            self.nvs.set_blob("a", bytes([count]) * 1000)
        self.assertEqual(self.read("a"), bytes([59]) * 1000)


class TestKeys(NVSTestCase):
    def test_missing(self):
        self.assertRefused(NOT_FOUND, self.nvs.get_i32, "a")
        self.assertRefused(NOT_FOUND, self.nvs.get_blob, "a", bytearray(4))
        self.assertRefused(NOT_FOUND, self.nvs.erase_key, "a")

    def test_key_of_the_other_type(self):
        self.nvs.set_blob("a", b"text")
        self.assertRefused(NOT_FOUND, self.nvs.get_i32, "a")
        self.nvs.set_i32("b", 1)
        self.assertRefused(NOT_FOUND, self.nvs.get_blob, "b", bytearray(4))

    def test_keys_of_15_and_0_characters_and_of_bytes(self):
        for key in (KEY_15, "", b"a"):
            self.nvs.set_i32(key, 3)
            self.assertEqual(self.nvs.get_i32(key), 3)

    def test_key_of_16_characters(self):
        self.assertRefused(KEY_TOO_LONG, self.nvs.set_i32, KEY_16, 1)
        self.assertRefused(NOT_FOUND, self.nvs.get_i32, KEY_16)

    def test_only_15_characters_are_compared(self):
        self.nvs.set_i32(KEY_15, 5)
        self.assertEqual(self.nvs.get_i32(KEY_16), 5)
        self.nvs.set_i32(KEY_16, 5)  # the same value is neither written nor checked
        self.nvs.erase_key(KEY_16)
        self.assertRefused(NOT_FOUND, self.nvs.get_i32, KEY_15)

    def test_namespace_of_16_characters(self):
        self.assertRefused(KEY_TOO_LONG, esp32.NVS, "n" * 16)
        esp32.NVS("n" * 15)

    def test_namespace_is_required(self):
        self.assertRaises(TypeError, esp32.NVS)


class TestCapacity(NVSTestCase):
    def test_large_blobs(self):
        self.assertRefused(VALUE_TOO_LONG, self.nvs.set_blob, "a", bytes(16_000))

    def test_full_partition(self):
        """No key can be written, and erasing still works; the old value may get lost."""
        count = 0
        try:
            while count < 40:
                key = "full%d" % count
                self.used.add(key)
                self.nvs.set_blob(key, bytes(1000))
                count += 1
        except OSError as exc:
            self.assertEqual(exc.args, NO_SPACE)
        self.assertTrue(2 <= count <= 14, count)
        self.assertRefused(NO_SPACE, self.nvs.set_blob, "full0", b"y" * 1000)
        try:
            self.assertTrue(self.read("full0") == bytes(1000))
        except OSError as exc:  # seen once; hal.nvs restores the value
            self.assertEqual(exc.args, FAIL)
        self.nvs.erase_key("full0")
        self.nvs.set_i32("a", 1)


unittest.main()
