"""app.schedule: pictures between two times, or while the sun is up."""

import asyncio
import unittest

import suite

from app.schedule import Schedule
from proto.posixtz import days_of

SUMMER, WINTER = days_of(2026, 6, 21) * 86_400, days_of(2026, 12, 21) * 86_400
TROMSO = "69.649,18.956"


class Clock:
    def __init__(self):
        self.set = asyncio.Event()
        self.set.set()
        self.seconds = SUMMER

    def utc(self):
        return self.seconds

    def minute_of_day(self):
        return self.seconds % 86_400 // 60


class TestSchedule(unittest.TestCase):
    def setUp(self):
        self.clock = Clock()
        self.settings = {"pubtimes": "", "place": "", "timezone": "UTC0"}
        self.schedule = Schedule(self.settings, self.clock)

    def closed(self, times, at, place=""):
        hours, minutes = at.split(":")
        day = self.clock.seconds // 86_400 * 86_400
        self.clock.seconds = day + 3_600 * int(hours) + 60 * int(minutes)
        self.settings["pubtimes"], self.settings["place"] = times, place
        return self.schedule.closed

    def test_between_two_times(self):
        for times, at, is_open in (
            ("", "3:00", True),
            ("07:00-21:30", "6:59", False),
            ("07:00-21:30", "7:00", True),
            ("07:00-21:30", "21:29", True),
            ("07:00-21:30", "21:30", False),
            ("22:00-6:00", "23:59", True),
            ("22:00-6:00", "0:00", True),
            ("22:00-6:00", "6:00", False),
            ("0:00-24:00", "23:59", True),
        ):
            self.assertEqual(self.closed(times, at) == "", is_open, (times, at))
        self.assertEqual(self.closed("07:00-21:30", "5:00"), "outside of 07:00-21:30")

    def test_while_the_sun_is_up(self):
        self.assertEqual(self.closed("sun", "12:00", "51.5,-0.1"), "")
        self.assertEqual(self.closed("sun", "0:00", "51.5,-0.1"), "the sun is down")
        self.assertEqual(self.closed("sun", "0:00", TROMSO), "")  # polar day
        self.clock.seconds = WINTER
        self.assertEqual(self.closed("sun", "11:00", TROMSO), "the sun is down")

    def test_without_the_time_or_a_place_pictures_are_published(self):
        self.assertEqual(self.closed("sun", "0:00"), "")
        self.clock.set.clear()
        self.assertEqual(self.closed("07:00-21:30", "3:00"), "")


suite.main()
