"""proto.sun: sunrise and sunset at several places, polar day and polar night."""

import unittest

import suite

from proto.posixtz import days_of
from proto.sun import RISEN, elevation, parse_place
from proto.values import BadArgument

LONDON, NEW_YORK = (51.507, -0.128), (40.713, -74.006)
SYDNEY, TOKYO, TROMSO = (-33.868, 151.209), (35.690, 139.692), (69.649, 18.956)
SINGAPORE, MCMURDO = (1.352, 103.820), (-77.846, 166.676)
KNOWN = (  # place, date, UTC of sunrise and of sunset as almanacs print them, the minute rounded
    (LONDON, (2024, 6, 20), "3:43", "20:21"),
    (LONDON, (2024, 12, 21), "8:04", "15:53"),
    (NEW_YORK, (2024, 6, 20), "9:25", "24:31"),
    (NEW_YORK, (2024, 12, 21), "12:17", "21:32"),
    (SYDNEY, (2024, 12, 21), "-5:19", "9:05"),  # the evening before
    (SYDNEY, (2024, 6, 21), "-3:00", "6:54"),
    (TOKYO, (2024, 3, 20), "-3:15", "8:53"),
    (SINGAPORE, (2024, 3, 20), "-0:52", "11:15"),
)
TOLERANCE_MIN = 2


def seconds_of(date, text):
    """Return seconds since 2000 of `h:mm` on a day; before midnight with a minus."""
    hours, minutes = text.lstrip("-").split(":")
    seconds = 3_600 * int(hours) + 60 * int(minutes)
    return days_of(*date) * 86_400 + (-seconds if text[0] == "-" else seconds)


class TestSun(unittest.TestCase):
    def is_up(self, place, at):
        return elevation(at, *place) > RISEN

    def test_known_times(self):
        for place, date, rise, set_ in KNOWN:
            for text, up_after in ((rise, True), (set_, False)):
                at = seconds_of(date, text)
                before, after = at - 60 * TOLERANCE_MIN, at + 60 * TOLERANCE_MIN
                what = (place, date, text)
                self.assertEqual(self.is_up(place, after), up_after, what)
                self.assertEqual(self.is_up(place, before), not up_after, what)

    def test_polar_day_and_night(self):
        for place, date, up in (
            (TROMSO, (2024, 6, 21), True),
            (TROMSO, (2024, 12, 21), False),
            (MCMURDO, (2037, 12, 21), True),
            (MCMURDO, (2037, 6, 21), False),
        ):
            start = days_of(*date) * 86_400
            for minute in range(0, 1_440, 10):
                self.assertEqual(self.is_up(place, start + 60 * minute), up, (place, date, minute))

    def test_places(self):
        self.assertEqual(parse_place("48.5, -11.25"), (48.5, -11.25))
        self.assertEqual(parse_place("-90,180"), (-90, 180))
        for text in ("", "48", "48,11,3", "91,0", "0,181", "north,east", "nan,0", "inf,0"):
            with self.assertRaises(BadArgument):
                parse_place(text)


suite.main()
