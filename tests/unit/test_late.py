"""aio.late: modules that come and go."""

import gc
import sys
import unittest

from aio.late import borrow, once


class TestBorrow(unittest.TestCase):
    def test_the_module_works(self):
        self.assertEqual(borrow("proto.jpeg").length(b"\xff\xd8\xff\xd9"), 4)

    def test_it_is_not_kept(self):
        import proto.values  # noqa: F401 - so that the package stays

        borrow("proto.jpeg")
        self.assertFalse("proto.jpeg" in sys.modules)
        self.assertFalse(hasattr(sys.modules["proto"], "jpeg"))

    def test_nor_is_what_it_imports(self):
        borrow("proto.uri")
        self.assertFalse("proto.uri" in sys.modules)

    def test_once_keeps_what_it_imports(self):
        self.assertTrue(once("proto.numbers").Between(0, 9)("5") == 5)
        self.assertFalse("proto.numbers" in sys.modules)
        self.assertTrue("proto.values" in sys.modules)

    def test_it_can_be_had_again_and_takes_no_more_heap(self):
        borrow("proto.civil")  # its names stay
        gc.collect()
        before = gc.mem_alloc()
        for _ in range(20):
            self.assertEqual(borrow("proto.civil").civil(0), (2000, 1, 1))
        gc.collect()
        self.assertTrue(gc.mem_alloc() - before < 15_000)  # the last may still be on the stack

    def test_of_what_fails_nothing_is_kept(self):
        with open("failing.py", "w") as file:
            file.write("import proto.pem\nraise MemoryError\n")
        sys.path.insert(0, "")
        sys.modules.pop("proto.pem", None)
        try:
            for _ in range(2):
                with self.assertRaises(MemoryError):
                    borrow("failing")
        finally:
            sys.path.pop(0)
        self.assertFalse("proto.pem" in sys.modules or "failing" in sys.modules)

    def test_what_is_not_there_raises_as_import_does(self):
        with self.assertRaises(ImportError):
            borrow("proto.nothing")


unittest.main()
