"""Days and dates of the civil calendar, counted from 2000-01-01."""

from micropython import const

_DAYS_TO_2000 = const(730_425)  # from the calendar's 0000-03-01


def civil(days):
    """(year, month, day) of a day counted from 2000-01-01."""
    days += _DAYS_TO_2000
    era, doe = divmod(days, 146_097)
    yoe = (doe - doe // 1_460 + doe // 36_524 - doe // 146_096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    month = (5 * doy + 2) // 153
    day = doy - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return yoe + era * 400 + (month <= 2), month, day


def days_of(year, month, day):
    """The day, counted from 2000-01-01, of a date."""
    year -= month <= 2
    era, yoe = divmod(year, 400)
    doy = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return era * 146_097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - _DAYS_TO_2000
