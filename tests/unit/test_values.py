"""proto.values: arguments that users enter for commands."""

import unittest

import suite

from proto.values import BadArgument, confirmed, int_between, switch


class TestValues(unittest.TestCase):
    def refused(self, check, *texts):
        for text in texts:
            try:
                value = check(text)
            except BadArgument as e:
                self.assertTrue(str(e))
            else:
                self.fail("{!r} returned {!r}".format(text, value))

    def test_switch(self):
        for text, value in (
            ("off", 0),
            ("On", 1),
            ("TOGGLE", 2),
            ("false", 0),
            ("1.0", 1),
            ("2", 2),
        ):
            self.assertEqual(switch(text), value)
        self.refused(switch, "", "3", "onn", "-1", "ö")

    def test_confirmed(self):
        self.assertIsNone(confirmed("1", "restart"))
        self.refused(lambda text: confirmed(text, "restart"), "", "0", "11", "yes", " 1")

    def test_whole_numbers(self):
        for text, value in (("0", 0), ("-5", -5), ("007", 7), ("1234567890", 1234567890)):
            self.assertEqual(int_between(text, -10, 2_000_000_000), value)
        bad = ("-11", "", "-", "--1", "+1", "1.0", "1e0", "0x1", " 1", "1 ", "٣", "9" * 5_000)
        self.refused(lambda text: int_between(text, -10, 2_000_000_000), *bad)


suite.main()
