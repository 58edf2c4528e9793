"""Forms of POSIX TZ rules that no zone has, malformed rules, and the default rules."""

from datetime import datetime, timezone

import pytest
from zonerules import EPOCH, FIRST, LAST, check, transitions, zone_of_rule

from proto.posixtz import TimeZone
from proto.values import BadArgument

# forms without a zone: Jn, and hours or offsets beyond the usual
MORE = (
    "AAA3BBB,J60/0,J300",
    "AAA-3:30BBB-4:30:15,M2.4.6/26,M11.1.0/-3",
    "NZST-12NZDT,M9.5.0,M4.1.0/3",
    "<+0330>-3:30<+0430>,J79/24,J263/24",
    "EST5EDT,M3.2.0/2:00:01,M11.1.0/1:59:59",
)


@pytest.mark.parametrize("rule", MORE)
def test_rules_without_a_zone(rule):
    assert check(rule)[0] >= 75


def test_default_rules_are_those_of_the_united_states():
    changes = transitions(zone_of_rule("EST5EDT,M3.2.0,M11.1.0"))
    for at in changes:
        for seconds in (at - 1, at):
            explicit, default = TimeZone("EST5EDT,M3.2.0,M11.1.0"), TimeZone("EST5EDT")
            assert default.local(seconds) == explicit.local(seconds)
    assert len(changes) == 76


def test_days_counted_from_0_with_leap_days():
    """Form `n`, which counts from 0 in POSIX and glibc, but from 1 in zoneinfo."""
    zone = TimeZone("AAA3BBB,59/0,299/24")
    for year, month, day in ((2000, 2, 29), (2001, 3, 1), (2037, 3, 1)):
        at = round((datetime(year, month, day, 3, tzinfo=timezone.utc) - EPOCH).total_seconds())
        assert [zone.local(s)[1] for s in (at - 1, at)] == ["AAA", "BBB"]
    for year, month, day in ((2000, 10, 27), (2001, 10, 28)):
        at = round((datetime(year, month, day, 2, tzinfo=timezone.utc) - EPOCH).total_seconds())
        assert [zone.local(s)[1] for s in (at - 1, at)] == ["BBB", "AAA"]


def test_summer_time_all_year():
    zone = TimeZone("XXX3EDT4,0/0,J365/23")  # RFC 8536 section 3.3.1
    for seconds in range(FIRST, LAST, 86_399):
        assert zone.local(seconds) == (seconds - 4 * 3_600, "EDT")


BAD = """
|C-1|CE-1|CET|CET-|CET--1|CET-25|CET-1:60|CET-1:00:60|CET-1:|CET-1CEST,|CET-1CEST,M3.5.0
CET-1CEST,M3.5.0,|CET-1CEST,M3.5.0,M10.5|CET-1CEST,M13.5.0,M10.5.0|CET-1CEST,M0.5.0,M10.5.0
CET-1CEST,M3.6.0,M10.5.0|CET-1CEST,M3.0.0,M10.5.0|CET-1CEST,M3.5.7,M10.5.0|CET-1CEST,J0,J1
CET-1CEST,J366,J1|CET-1CEST,366,1|CET-1CEST,M3.5.0/168,M10.5.0|CET-1CEST,M3.5.0,M10.5.0,
CET-1CEST,M3.5.0,M10.5.0/3x|CET-1CEST,M3.5.0,M10.5.0 |<+03-3|<>-3|<+0>-3|+03>-3|CET-1<CEST
CET 1|CET-1 CEST|Europe/Berlin|:Europe/Berlin|CET-1CEST,M3.5.0/,M10.5.0|CET-1CEST,Mx,M10.5.0
CET-99999999999|CET-1CEST,M3..0,M10.5.0|CET-1CEST,-1,M10.5.0|CET-1C2,M3.5.0,M10.5.0
"""


@pytest.mark.parametrize("rule", BAD.strip("\n").replace("\n", "|").split("|"))
def test_malformed_rules_are_refused(rule):
    with pytest.raises(BadArgument):
        TimeZone(rule)


def test_rule_with_one_changed_character_is_a_rule_or_refused():
    rule = "CET-1CEST-2,M3.5.0/02:00:00,J300/03:00:00"
    for at in range(len(rule)):
        for char in ("", *"<>,./:+-0189MJxé\0 "):
            try:
                zone = TimeZone(rule[:at] + char + rule[at + 1 :])
            except BadArgument:
                continue
            for seconds in (FIRST, LAST):
                assert abs(zone.local(seconds)[0] - seconds) <= 25 * 3_600
