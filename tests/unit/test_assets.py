"""app.http.static: where a page is taken from, and what is sent of it."""

import os
import sys
import unittest

from aio.late import borrow


class Module:
    """Of firmware that has everything frozen."""

    FILES = {"login.html": b"frozen\nof two lines\n", "style.css.gz": b"frozen style"}


class TestPlaces(unittest.TestCase):
    def setUp(self):
        self.path = list(sys.path)
        sys.modules.pop("app.http.static", None)
        for folder in ("copy", "copy/www", "lib", "lib/www"):
            if folder.rpartition("/")[2] not in os.listdir(folder.rpartition("/")[0] or "."):
                os.mkdir(folder)
        for folder in ("copy", "lib"):
            for name in ("login.html", "setup.html"):
                with open("{}/www/{}".format(folder, name), "w") as file:
                    file.write(folder)

    def tearDown(self):
        sys.path[:] = self.path
        sys.modules.pop("frozenpages", None)

    def read(self, name):
        file = borrow("app.http.static").opened(name)
        try:
            return file.read()
        finally:
            file.close()

    def test_copy_then_frozen_then_lib(self):
        sys.modules["frozenpages"] = Module
        sys.path[:] = ["copy", ".frozen", "lib"] + self.path
        self.assertEqual(self.read("login.html"), b"copy")
        sys.path[:] = [".frozen", "lib"] + self.path
        self.assertEqual(self.read("login.html"), Module.FILES["login.html"])
        self.assertEqual(self.read("setup.html"), b"lib")

    def test_nothing_frozen(self):
        sys.path[:] = [".frozen", "lib"] + self.path
        self.assertEqual(self.read("login.html"), b"lib")

    def test_no_such_page(self):
        with self.assertRaises(RuntimeError):
            self.read("nothing.html")

    def test_frozen_one_is_read_as_a_file_and_not_copied(self):
        sys.modules["frozenpages"] = Module
        sys.path[:] = [".frozen"] + self.path
        file = borrow("app.http.static").opened("login.html")
        self.assertEqual(file.seek(-6, 2), len(Module.FILES["login.html"]) - 6)
        self.assertEqual(file.read(), b"lines\n")
        file.seek(0)
        self.assertEqual(file.readline(), b"frozen\n")
        buffer = bytearray(6)
        self.assertEqual((file.readinto(buffer), buffer), (6, bytearray(b"of two")))
        file.close()


unittest.main()
