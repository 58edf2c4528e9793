"""Rules of the tz database from 2000 to 2037, compared with Python's zoneinfo.

A zone's own file also lists past transitions, so these functions use files that contain only the
rule.
"""

import io
import random
import struct
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from proto.posixtz import TimeZone

EPOCH = datetime(2000, 1, 1, tzinfo=timezone.utc)
FIRST, LAST = 0, 38 * 365 * 86_400 + 9 * 86_400  # start of 2000, end of 2037
WEEK = 7 * 86_400
INSTANTS = 200


def zone_of_rule(rule):
    """Return a ZoneInfo from a file (RFC 8536) without transitions and with `rule` as footer."""
    head = struct.pack(">4sc15x6l", b"TZif", b"2", 0, 0, 0, 0, 1, 4)
    block = head + struct.pack(">lbB", 0, 0, 0) + b"LMT\0"
    return ZoneInfo.from_file(io.BytesIO(block + block + b"\n" + rule.encode() + b"\n"))


def expected_local(zone, seconds):
    local = (EPOCH + timedelta(seconds=seconds)).astimezone(zone)
    return seconds + round(local.utcoffset().total_seconds()), local.tzname()


def transitions(zone):
    """Return the first second of every period with a different offset."""
    found, before = [], expected_local(zone, FIRST)[0] - FIRST
    for week in range(FIRST, LAST, WEEK):
        low, high = week, min(week + WEEK, LAST)
        after = expected_local(zone, high)[0] - high
        if after != before:
            while high - low > 1:
                middle = (low + high) // 2
                same = expected_local(zone, middle)[0] - middle == before
                low, high = (middle, high) if same else (low, middle)
            found.append(high)
        before = after
    return found


def check(rule):
    """Return the numbers of transitions and instants; fail at the first one with a difference."""
    ours, zone = TimeZone(rule), zone_of_rule(rule)
    chance = random.Random(rule)
    changes = transitions(zone)
    around = [at + d for at in changes for d in (-3_601, -3_600, -1, 0, 1, 3_599, 3_600)]
    instants = around + [chance.randrange(FIRST, LAST) for _ in range(INSTANTS)]
    for seconds in instants:
        when = EPOCH + timedelta(seconds=seconds)
        assert ours.local(seconds) == expected_local(zone, seconds), f"{rule} at {when}"
    return len(changes), len(instants)
