"""proto.posixtz compared with zoneinfo, which reads the same rules from the system's files."""

import datetime
import random
import re
import zoneinfo
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proto.posixtz import TimeZone, date_of, days_of
from proto.values import BadArgument

EPOCH = datetime.datetime(2000, 1, 1, tzinfo=datetime.timezone.utc)


def rules():
    """Return {rule: name of a zone that ends with it} of this system."""
    found = {}
    for name in sorted(zoneinfo.available_timezones()):
        for folder in zoneinfo.TZPATH:
            path = Path(folder, name)
            if path.is_file():
                rule = path.read_bytes().rpartition(b"\n")[0].rpartition(b"\n")[2].decode()
                if rule:
                    found.setdefault(rule, name)
                break
    return found


def test_local_time_is_the_same_in_every_zone():
    chance = random.Random(1)
    found = rules()
    if not found:
        pytest.skip("this system has no time zone files")
    for rule, name in found.items():
        zone, ours = zoneinfo.ZoneInfo(name), TimeZone(rule)
        for _ in range(60):  # only the rule applies, because no zone lists transitions so late
            at = EPOCH + datetime.timedelta(hours=chance.randrange(90 * 8_766, 150 * 8_766))
            local = at.astimezone(zone)
            seconds = round((at - EPOCH).total_seconds())
            expected = seconds + round(local.utcoffset().total_seconds())
            assert ours.local(seconds) == (expected, local.tzname()), f"{name} {rule} {at}"


@given(st.dates())
def test_days_and_dates(date):
    days = (date - EPOCH.date()).days
    assert date_of(days) == (date.year, date.month, date.day)
    assert days_of(date.year, date.month, date.day) == days


@given(st.text(max_size=50) | st.text(alphabet="CETS<>+-0123456789,M./J:", max_size=40))
def test_any_text_is_a_rule_or_refused(text):
    try:
        zone = TimeZone(text)
    except BadArgument:
        return
    assert re.match(r"<?[^\d,]", text)
    for seconds in (0, 10**9, 3 * 10**9):
        local, name = zone.local(seconds)
        assert abs(local - seconds) <= 25 * 3600 and name in text
