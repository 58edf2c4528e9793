"""Checks the console's UART, threads and files against the behaviour of the ESP32."""

import _thread
import gc
import json
import os
import select
import sys
import time
import unittest

import esp32

FOLDER = "devicetest"


class TestStdin(unittest.TestCase):
    def test_no_input(self):
        poller = select.poll()
        poller.register(sys.stdin, select.POLLIN)
        self.assertEqual(poller.poll(0), [])
        start = time.ticks_ms()
        self.assertEqual(poller.poll(50), [])
        self.assertTrue(time.ticks_diff(time.ticks_ms(), start) >= 49)

    def test_bytes(self):
        self.assertTrue(hasattr(sys.stdin, "buffer"))
        self.assertTrue(hasattr(sys.stdout, "buffer"))


class TestThread(unittest.TestCase):
    def test_runs_concurrently(self):
        done = []
        _thread.start_new_thread(lambda: done.append(_thread.get_ident()), ())
        end = time.ticks_add(time.ticks_ms(), 2_000)
        while not done:
            self.assertTrue(time.ticks_diff(end, time.ticks_ms()) > 0)
            time.sleep_ms(1)
        self.assertNotEqual(done[0], _thread.get_ident())

    def test_lock(self):
        lock = _thread.allocate_lock()
        self.assertTrue(lock.acquire())
        self.assertFalse(lock.acquire(False))
        lock.release()


class TestMemory(unittest.TestCase):
    def test_regions_of_the_chips_own_ram(self):
        regions = esp32.idf_heap_info(0x804)  # MALLOC_CAP_INTERNAL, MALLOC_CAP_8BIT
        self.assertTrue(regions)
        for total, free, largest, lowest in regions:
            self.assertTrue(0 <= largest <= free <= total)
            self.assertTrue(0 <= lowest <= free)
            self.assertTrue(total < 1 << 20)

    def test_psram_is_a_region_of_its_own(self):
        gc.collect()
        has_psram = gc.mem_free() > 1_000_000
        external = esp32.idf_heap_info(1 << 10)  # MALLOC_CAP_SPIRAM
        self.assertEqual(bool(external), has_psram)
        self.assertEqual(len(esp32.idf_heap_info(1 << 11 | 1 << 10)), 0)


class TestFiles(unittest.TestCase):
    """Operations that the firmware uses; leaves no files."""

    def setUp(self):
        os.mkdir(FOLDER)

    def tearDown(self):
        for name in os.listdir(FOLDER):
            os.remove(FOLDER + "/" + name)
        os.rmdir(FOLDER)

    def number(self, function, *args):
        try:
            function(*args)
        except OSError as exc:
            return exc.args[0]
        return None

    def test_missing(self):
        self.assertEqual(self.number(os.stat, FOLDER + "/none"), 2)
        self.assertEqual(self.number(open, FOLDER + "/none"), 2)
        self.assertEqual(self.number(os.remove, FOLDER + "/none"), 2)

    def test_rename_replaces(self):
        for name, text in (("old", "1"), ("new", "2")):
            with open(FOLDER + "/" + name, "w") as file:
                file.write(text)
        os.rename(FOLDER + "/new", FOLDER + "/old")
        self.assertEqual(os.listdir(FOLDER), ["old"])
        with open(FOLDER + "/old") as file:
            self.assertEqual(file.read(), "2")

    def test_size_and_kind(self):
        with open(FOLDER + "/a", "wb") as file:
            file.write(bytes(1_000))
        self.assertEqual(os.stat(FOLDER + "/a")[6], 1_000)
        self.assertEqual(os.stat(FOLDER + "/a")[0] & 0xF000, 0x8000)
        ((name, kind, *_),) = os.ilistdir(FOLDER)
        self.assertEqual((name, kind), ("a", 0x8000))

    def test_json(self):
        with open(FOLDER + "/a", "w") as file:
            json.dump({"a": [1, None, True]}, file)
        with open(FOLDER + "/a") as file:
            self.assertEqual(json.load(file), {"a": [1, None, True]})


unittest.main()
