"""app.http.static: the places of the files of lib/www, and their responses."""

import os
import sys
import unittest

import suite
from fakes import run
from webserver import Web, body, header, status


class Module:
    """`frozenpages` of firmware with frozen pages."""

    FILES = {"login.html": b"frozen\nof two lines\n", "style.css.gz": b"frozen style"}


def static():
    """Import the module with the current `sys.modules`."""
    return __import__("app.http.static", None, None, ("open_page",))


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
        file = static().open_page(name)
        try:
            return file.read()
        finally:
            file.close()

    def test_order_is_copy_then_frozen_then_lib(self):
        sys.modules["frozenpages"] = Module
        sys.path[:] = ["copy", ".frozen", "lib"] + self.path
        self.assertEqual(self.read("login.html"), b"copy")
        sys.path[:] = [".frozen", "lib"] + self.path
        self.assertEqual(self.read("login.html"), Module.FILES["login.html"])
        self.assertEqual(self.read("setup.html"), b"lib")

    def test_nothing_frozen(self):
        sys.path[:] = [".frozen", "lib"] + self.path
        self.assertEqual(self.read("login.html"), b"lib")

    def test_missing_page(self):
        with self.assertRaises(RuntimeError):
            self.read("nothing.html")

    def test_frozen_page_is_read_like_a_file_and_not_copied(self):
        sys.modules["frozenpages"] = Module
        sys.path[:] = [".frozen"] + self.path
        file = static().open_page("login.html")
        self.assertEqual(file.seek(-6, 2), len(Module.FILES["login.html"]) - 6)
        self.assertEqual(file.read(), b"lines\n")
        file.seek(0)
        self.assertEqual(file.readline(), b"frozen\n")
        buffer = bytearray(6)
        self.assertEqual((file.readinto(buffer), buffer), (6, bytearray(b"of two")))
        file.close()


class TestSending(unittest.TestCase):
    def setUp(self):
        sys.modules.pop("app.http.static", None)

    def get(self, more="", path="/style.css", method="GET"):
        head = "{} {} HTTP/1.0\r\n{}\r\n".format(method, path, more)
        return run(Web().fetch(head.encode()))

    def test_compressed_or_plain(self):
        packed, plain = self.get("Accept-Encoding: br, gzip\r\n"), self.get()
        for found in (packed, plain):
            self.assertEqual(status(found), 200)
            self.assertEqual(int(header(found, "Content-Length")), len(body(found)))
            self.assertEqual(header(found, "Vary"), "Accept-Encoding")
            self.assertEqual(header(found, "Cache-Control"), "no-cache")
        self.assertEqual(header(packed, "Content-Encoding"), "gzip")
        self.assertEqual(header(plain, "Content-Encoding"), None)
        self.assertTrue(len(body(packed)) < len(body(plain)))
        self.assertTrue(b"{" in body(plain))

    def test_not_modified(self):
        tag = header(self.get(), "ETag")
        for known in (tag, '"x", ' + tag, "W/" + tag, "*", " * "):
            found = self.get("If-None-Match: {}\r\n".format(known))
            self.assertEqual((status(found), body(found)), (304, b""), known)
            self.assertEqual(header(found, "ETag"), tag)
        for known in ('"other"', '"*"', ""):
            self.assertEqual(status(self.get("If-None-Match: {}\r\n".format(known))), 200)

    def test_head(self):
        found = self.get(method="HEAD")
        self.assertEqual((status(found), body(found)), (200, b""))
        self.assertEqual(header(found, "Content-Length"), header(self.get(), "Content-Length"))


suite.main()
