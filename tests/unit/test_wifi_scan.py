"""app.wifi.scan: the order in which access points are tried, and the list for a user."""

import unittest

import suite

from app.wifi.scan import candidates, listing, stronger

OPEN, WPA2 = 0, 3


def row(ssid, rssi=-60, number=1, security=WPA2):
    return ssid.encode(), bytes((number,)) * 6, 1, rssi, security, False


def tried(known, rows, failed=()):
    """Return the numbers of the access points in order (a name where none was seen)."""
    found, _ = candidates(known, rows, [bytes((number,)) * 6 for number in failed])
    return [bssid[0] if bssid else ssid for ssid, _, bssid in found]


class TestCandidates(unittest.TestCase):
    def test_every_access_point_gets_its_turn_strongest_first(self):
        rows = [row("a", -70, 1), row("b", -50, 2), row("a", -40, 3), row("x", -20, 4)]
        self.assertEqual(tried([("a", "k"), ("b", "k")], rows), [3, 2, 1])

    def test_one_that_has_failed_comes_last(self):
        rows = [row("a", -40, 1), row("a", -55, 2), row("a", -60, 3)]
        self.assertEqual(tried([("a", "k")], rows, failed=(1,)), [2, 3, 1])
        self.assertEqual(tried([("a", "k")], rows, failed=(1, 2, 3)), [1, 2, 3])

    def test_preferred_one_comes_first(self):
        rows = [row("a", -40, 1), row("a", -55, 2), row("b", -30, 3)]
        found, _ = candidates([("a", "k"), ("b", "k")], rows, (), bytes((2,)) * 6)
        self.assertEqual([bssid[0] for _, _, bssid in found], [2, 3, 1])

    def test_names_that_are_not_seen_come_after_the_others(self):
        rows = [row("a", -40, 1)]
        self.assertEqual(tried([("hidden", "k"), ("a", "k")], rows), [1, "hidden"])
        self.assertEqual(tried([("hidden", "k"), ("a", "k")], []), ["hidden", "a"])

    def test_many_access_points_of_one_name(self):
        rows = [row("a", -40 - number, number) for number in range(1, 20)]
        self.assertEqual(tried([("a", "k"), ("b", "k")], rows), [1, 2, 3, 4, 5, 6, "b"])

    def test_open_imitation_is_refused(self):
        rows = [row("a", -20, 1, OPEN), row("a", -60, 2), row("b", -30, 3, OPEN)]
        self.assertEqual(tried([("a", "k"), ("b", "")], rows), [3, 2])
        self.assertEqual(candidates([("a", "k")], rows[:1]), ([], ["a"]))


class TestStronger(unittest.TestCase):
    def test_strongest_other_access_point_of_the_name(self):
        rows = [row("a", -70, 1), row("a", -60, 2), row("a", -55, 3), row("b", -20, 4)]
        for rssi, expected in ((-60, 3), (-55, 3), (-54, None)):
            found = stronger(rows, "a", bytes((1,)) * 6, rssi)
            self.assertEqual(found and found[0], expected)
        self.assertIsNone(stronger(rows[:1], "a", bytes((1,)) * 6, -99))


class TestListing(unittest.TestCase):
    def test_each_name_once_strongest_first(self):
        rows = [row("a", -70), row("b", -50, security=OPEN), row("a", -40), row("")]
        self.assertEqual(listing(rows), [("a", -40, True), ("b", -50, False)])

    def test_names_that_cannot_be_typed_are_left_out(self):
        rows = [row("K\u00fcche \U0001f4f7")]
        for name in (b"\xff", b"a\0b", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80"):
            rows.append((name,) + rows[0][1:])
        self.assertEqual([ssid for ssid, _, _ in listing(rows)], ["K\u00fcche \U0001f4f7"])


suite.main()
