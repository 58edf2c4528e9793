"""tools/soak: what counts as a missed limit. The run itself is `make soak`."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "tools" / "soak"))

# ruff: noqa: E402 - found on the path above
from counters import Counters
from soakreport import report

GOOD = {
    "faults": {"power_cut": {"injected": 2, "survived": 2}},
    "recovery_s": [3.2, 59.0],
    "longest_pause_ms": 40,
    "published": 60,
    "of_motion": 30,
    "live": 90,
    "captured": 90,
    "failed": 7,
    "recoveries": 2,
    "viewed": 200,
    "recorded": 70,
    "commands": 1_200,
    "boots": 3,
    "heap_drift_bytes": 2_048,
    "sockets": [3, 3],
    "tasks": [29, 29],
    "wraps": 2,
}


def test_good_run(capsys):
    assert report(GOOD, 7) == []
    shown = capsys.readouterr().out
    assert "seed 7\n" in shown and "longest recovery: 59.0 s" in shown
    assert "2 of 2 survived" in shown


@pytest.mark.parametrize(
    ("figures", "missed"),
    [
        ({"recovery_s": [3.2, None]}, "1 faults without recovery"),
        ({"heap_drift_bytes": 2_049}, "heap lost: more than 2048 bytes"),
        ({"sockets": [3, 4]}, "sockets left open"),
        ({"tasks": [29, 30]}, "tasks left over"),
        ({"wraps": 0}, "no picture after ticks have wrapped"),
        ({"live": 0}, "no picture of the live view"),
        ({"of_motion": 0}, "no picture of motion"),
        ({"recorded": 0}, "no picture by RTSP"),
    ],
)
def test_missed_limit(figures, missed):
    assert report({**GOOD, **figures}, 7) == [missed]


def test_counters_of_several_starts():
    counters = Counters(wrap_s=20)
    shown = "uptime {}, rssi -55, captured {}, failed {}, recoveries {}"
    for boots, *figures in (
        (1, 19, 5, 1, 0),
        (1, 25, 9, 2, 1),
        (3, 20, 4, 0, 0),
        (4, 21, 1, 1, 1),
    ):
        counters.note(boots, shown.format(*figures))
    assert counters.sums == {"captured": 14, "failed": 3, "recoveries": 2}
    assert counters.wrapped == {1, 4}
