"""proto.form: fields in any pieces; what is no form is refused, and nothing grows."""

import unittest

from proto.form import Form
from proto.http import BadRequest

NAMES = ("a", "b", "ü")


def parsed(data, step=None, **tunables):
    form = Form(NAMES, **tunables)
    for at in range(0, len(data), step or len(data) or 1):
        form.feed(data[at : at + (step or len(data))])
    return form.close()


def refusal(data, **tunables):
    try:
        parsed(data, **tunables)
    except BadRequest as e:
        return e.status
    return 0


class TestForm(unittest.TestCase):
    def test_any_split_gives_the_same(self):
        data = b"a=1+2%203&b=%C3%A4%e2%82%ac%26%3D&other=x&%C3%BC=%00"
        expected = {"a": "1 2 3", "b": "\xe4\u20ac&=", "\xfc": "\0"}
        for step in (1, 2, 3, 5, len(data)):
            self.assertEqual(parsed(data, step), expected)

    def test_odd_but_whole(self):
        self.assertEqual(parsed(b""), {})
        self.assertEqual(parsed(b"a"), {"a": ""})
        self.assertEqual(parsed(b"a="), {"a": ""})
        self.assertEqual(parsed(b"a=b=c"), {"a": "b=c"})
        self.assertEqual(parsed(memoryview(b"b=x")), {"b": "x"})

    def test_what_is_refused(self):
        for data in (b"a=%", b"a=%4", b"a=%zz", b"a=%+1", b"a=\xff", b"a=%ff", b"a=1&a=2"):
            self.assertEqual(refusal(data), 400, data)

    def test_too_long(self):
        self.assertEqual(refusal(b"a=" + b"x" * 9_300), 413)
        self.assertEqual(refusal(b"x" * 20, most=10), 413)
        self.assertEqual(parsed(b"a=" + b"x" * 9, most=10), {"a": "x" * 9})


unittest.main()
