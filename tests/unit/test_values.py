"""proto.values: what users type."""

import unittest

from proto.numbers import Between, OneOf
from proto.texts import Chars, TopicName
from proto.values import BadArgument, confirmed, int_between, switch


class TestValues(unittest.TestCase):
    def refused(self, check, *texts):
        for text in texts:
            try:
                value = check(text)
            except BadArgument as e:
                self.assertTrue(str(e))
            else:
                self.fail("{!r} gave {!r}".format(text, value))

    def test_switch(self):
        for text, value in (("off", 0), ("On", 1), ("TOGGLE", 2), ("0", 0), ("1", 1), ("2", 2)):
            self.assertEqual(switch(text), value)
        self.refused(switch, "", "3", "onn", " on", "true", "-1", "ö")

    def test_confirmed(self):
        self.assertIsNone(confirmed("1", "restart"))
        self.refused(lambda text: confirmed(text, "restart"), "", "0", "11", "yes", " 1")

    def test_whole_numbers(self):
        for text, value in (("0", 0), ("-5", -5), ("007", 7), ("1234567890", 1234567890)):
            self.assertEqual(int_between(text, -10, 2_000_000_000), value)
        check = Between(-2, 2)
        self.assertEqual([check("-2"), check("2")], [-2, 2])
        self.assertEqual(str(check), "-2..2")
        bad = ("-3", "3", "", "-", "--1", "+1", "1.0", "1e0", "0x1", " 1", "1 ", "٣", "9" * 5_000)
        self.refused(check, *bad)

    def test_one_of(self):
        check = OneOf("off", "on", "last_state")
        for text, value in (("off", 0), ("ON", 1), ("Last_State", 2), ("2", 2)):
            self.assertEqual(check(text), value)
        self.refused(check, "", "3", "-1", "last", "off ")

    def test_chars_counts_bytes(self):
        check = Chars(1, 4)
        for text in ("a", "abcd", "üü", "€a", " ~ "):
            self.assertEqual(check(text), text)
        self.refused(check, "", "abcde", "üüü", "a\n", "\0", "\x1b", "\x7f")

    def test_topic_name(self):
        check = TopicName(1, 8)
        self.assertEqual(check("a/b+c#d"), "a_b_c_d")
        self.refused(check, "", "a" * 9, "a\0")


unittest.main()
