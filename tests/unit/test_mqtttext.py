"""proto.mqtttext: strings, topic names and topic filters that MQTT 3.1.1 allows."""

import unittest

import suite

from proto.mqtttext import decode, is_filter, is_name, is_printable

GOOD = ("", "a", "cmnd/küche/power", "\x01\x7f", "\x80\x9f", "€", "\ufeff", "\uffff", "\U0010ffff")
BAD = {
    "NUL": b"a\0b",
    "NUL beside other text": b"\xc3\xa4\0",
    "overlong NUL": b"\xc0\x80",
    "overlong slash": b"a\xc0\xafb",
    "overlong of three bytes": b"\xe0\x80\xaf",
    "overlong of four bytes": b"\xf0\x82\x82\xac",
    "first surrogate": b"\xed\xa0\x80",
    "last surrogate": b"\xed\xbf\xbf",
    "beyond U+10FFFF": b"\xf4\x90\x80\x80",
    "five bytes": b"\xf8\x88\x80\x80\x80",
    "continuation alone": b"a\x80",
    "truncated": b"a\xe2\x82",
    "Latin-1": b"k\xfcche",
}


class TestText(unittest.TestCase):
    def test_strings(self):
        for text in GOOD:
            self.assertEqual(decode(text.encode()), text)

    def test_forbidden_strings(self):
        for what, raw in BAD.items():
            try:
                found = decode(raw)
            except UnicodeError:
                continue
            self.fail("{}: {!r}".format(what, found))

    def test_printable(self):
        for text in ("", " ~", "\xa0", "küche", "€", "\ufdcf\ufdf0\ufffd", "\U0001f4f7"):
            self.assertTrue(is_printable(text), repr(text))
        bad = (
            "\0",
            "\x1f",
            "\x7f",
            "\x80",
            "\x85",
            "\x9f",
            "\ufdd0",
            "\ufdef",
            "\ufffe",
            "\uffff",
        )
        for text in bad + ("\U0001fffe", "\U0010ffff"):
            self.assertFalse(is_printable("a" + text), repr(text))

    def test_names(self):
        for topic in ("a", "/", "a/b/", "$SYS/x", " "):
            self.assertTrue(is_name(topic), topic)
        for topic in ("", "#", "a/#", "+", "a+b", "a#"):
            self.assertFalse(is_name(topic), topic)

    def test_filters(self):
        """Examples of sections 4.7.1.2 and 4.7.1.3, among others."""
        for text in ("#", "a/#", "+", "+/a/#", "a/+/b", "/+", "+/+", "/", "a//b", "a/"):
            self.assertTrue(is_filter(text), text)
        for text in ("", "a#", "a/b#", "a/#/b", "#/", "##", "a+", "+a/b", "++", "+/+/#/x", "+#"):
            self.assertFalse(is_filter(text), text)


suite.main()
