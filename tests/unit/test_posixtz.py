"""proto.posixtz on MicroPython: rules of both hemispheres and in every form."""

import time
import unittest

import suite

from proto.posixtz import EPOCH, TimeZone, date_of, days_of, unix_time
from proto.values import BadArgument

EU = "CET-1CEST-2,M3.5.0/02:00:00,M10.5.0/03:00:00"


def utc(year, month, day, hour=0, minute=0, second=0):
    return days_of(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second


class TestTimeZone(unittest.TestCase):
    def at(self, rule, *when):
        seconds = utc(*when)
        local, name = TimeZone(rule).local(seconds)
        return (local - seconds) // 60, name

    def test_europe_to_the_second(self):
        self.assertEqual(self.at(EU, 2026, 3, 29, 0, 59, 59), (60, "CET"))
        self.assertEqual(self.at(EU, 2026, 3, 29, 1), (120, "CEST"))
        self.assertEqual(self.at(EU, 2026, 10, 25, 0, 59, 59), (120, "CEST"))
        self.assertEqual(self.at(EU, 2026, 10, 25, 1), (60, "CET"))

    def test_southern_summer_time_spans_new_year(self):
        rule = "AEST-10AEDT,M10.1.0,M4.1.0/3"
        self.assertEqual(self.at(rule, 2026, 1, 1), (660, "AEDT"))
        self.assertEqual(self.at(rule, 2026, 7, 1), (600, "AEST"))
        self.assertEqual(self.at(rule, 2026, 12, 31, 23), (660, "AEDT"))

    def test_every_form_of_rule(self):
        self.assertEqual(self.at("UTC0", 2026, 7, 1), (0, "UTC"))
        self.assertEqual(self.at("<+03>-3", 2026, 7, 1), (180, "+03"))
        self.assertEqual(self.at("NST3:30NDT", 2026, 7, 1), (-150, "NDT"))
        self.assertEqual(self.at("AAA0BBB,J60,J300", 2024, 2, 29, 23), (0, "AAA"))
        self.assertEqual(self.at("AAA0BBB,J60,J300", 2024, 3, 1, 3), (60, "BBB"))
        self.assertEqual(self.at("AAA0BBB,59,300", 2024, 2, 29, 3), (60, "BBB"))
        self.assertEqual(self.at("EET-2EEST,M3.4.4/50,M10.4.4/50", 2026, 7, 1)[1], "EEST")
        self.assertEqual(self.at("IST-1GMT0,M10.5.0,M3.5.0/1", 2026, 1, 1), (0, "GMT"))

    def test_bad_rule_is_refused(self):
        for text in ("", "C", "CE-1", "CET", "CET-25", "CET-1CEST,", "CET-1CEST,M13.1.0,M10.5.0"):
            with self.assertRaises(BadArgument):
                TimeZone(text)
        for text in (EU + "x", "CET-1CEST,M3.5.0", "<CET-1", "CET-1CEST,J0,J5", "CET-1:60", "1"):
            with self.assertRaises(BadArgument):
                TimeZone(text)


class TestDates(unittest.TestCase):
    def test_date_and_day_convert_both_ways(self):
        for days in range(-40_000, 80_000, 13):
            self.assertEqual(days_of(*date_of(days)), days)
        self.assertEqual(date_of(0), (2000, 1, 1))
        self.assertEqual(days_of(2024, 2, 29) + 1, days_of(2024, 3, 1))

    def test_epoch_of_the_interpreter(self):
        self.assertEqual(EPOCH, days_of(time.gmtime(0)[0], 1, 1) * 86_400)
        since_2000 = 820_540_800  # 2026-01-01
        self.assertEqual(days_of(2026, 1, 1) * 86_400, since_2000)
        self.assertEqual(unix_time(since_2000 - EPOCH), 1_767_225_600)


suite.main()
