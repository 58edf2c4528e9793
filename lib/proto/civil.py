"""The civil calendar, counted in days from 2000-01-01, and the epoch of `time.time()`."""

import time

from micropython import const

_DAYS_TO_2000 = const(730_425)  # from 0000-03-01
_SECONDS_TO_2000 = const(946_684_800)  # from 1970-01-01
EPOCH = 0 if time.gmtime(0)[0] == 2000 else -_SECONDS_TO_2000  # in seconds from 2000-01-01


def unix_time(time_s):
    """Convert seconds of time.time(), which count from 2000 on the chip, to seconds from 1970."""
    return time_s + EPOCH + _SECONDS_TO_2000


def civil(days):
    """Return (year, month, day) of a day counted from 2000-01-01."""
    days += _DAYS_TO_2000
    era, doe = divmod(days, 146_097)
    yoe = (doe - doe // 1_460 + doe // 36_524 - doe // 146_096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    month = (5 * doy + 2) // 153
    day = doy - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return yoe + era * 400 + (month <= 2), month, day


def days_of(year, month, day):
    """Return the day of a date, counted from 2000-01-01."""
    year -= month <= 2
    era, yoe = divmod(year, 400)
    doy = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return era * 146_097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - _DAYS_TO_2000
