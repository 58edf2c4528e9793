"""tools/soak: what counts as a missed limit. The run itself is `make soak`."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "tools" / "soak"))
from soakreport import report  # noqa: E402 - found on the path above

GOOD = {
    "faults": {"power_cut": {"injected": 2, "survived": 2}},
    "recovery_s": [3.2, 59.0],
    "longest_pause_ms": 40,
    "published": 60,
    "viewed": 200,
    "commands": 1_200,
    "boots": 3,
    "heap_drift_bytes": 2_048,
    "sockets": [3, 3],
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
    ],
)
def test_missed_limit(figures, missed):
    assert report({**GOOD, **figures}, 7) == [missed]
