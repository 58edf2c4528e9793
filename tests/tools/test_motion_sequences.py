"""How well motion is detected, in some of the sequences of `make motion`."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "tools" / "motion"))

# ruff: noqa: E402
import roc
from sequences import QUIET, SIZES, STILL, Film, planned

SEED = 1
SMALL = [n for n in range(60) if planned(SEED, n).size == (320, 240)]  # these are drawn quickly


def first(kind):
    return next(n for n in SMALL if planned(SEED, n).kind == kind)


@pytest.fixture(scope="module")
def seen(interpreter, bytecode):
    """Return the pictures with motion, by kind and level."""
    kinds = [*SIZES, *STILL]
    found = roc.seen_in(SEED, [first(kind) for kind in kinds], (10, 50, 90))
    return {kind: dict(zip((10, 50, 90), each)) for kind, each in zip(kinds, found)}


@pytest.mark.parametrize("kind", ["near", "middle"])
def test_person_is_seen(seen, kind):
    assert any(picture >= QUIET for picture in seen[kind][50])
    assert not any(picture < QUIET for picture in seen[kind][50])


@pytest.mark.parametrize("kind", STILL)
def test_no_false_alarm(seen, kind):
    assert seen[kind][50] == []


def test_level_is_the_sensitivity(seen):
    alarms = [sum(len(each[level]) for each in seen.values()) for level in (10, 50, 90)]
    assert alarms[0] < alarms[1] < alarms[2]


def test_a_seed_always_makes_the_same_pictures():
    number = first("rain")
    one, two = [next(Film(SEED).pictures(planned(SEED, number))) for _ in range(2)]
    assert one == two
    assert one != next(Film(SEED).pictures(planned(SEED + 1, number)))


def test_rates():
    rates = roc.Rates(SEED, (50,))
    rates.add(first("near"), [[QUIET + 3]])
    rates.add(first("near"), [[]])
    rates.add(first("noise"), [[2]])
    rates.add(first("cloud"), [[]])
    assert rates.of(50, "near") == 0.5
    assert (rates.of(50, "noise"), rates.of(50, "cloud"), rates.of(50, "false")) == (1, 0, 0.5)
    assert list(rates.table())[-1] == "| 50 | 50 % | 0 % | 0 % | " + "".join(
        f"{rate} % | " for rate in (100, 0, 0, 0, 0, 0, 50)
    ).rstrip(" ")


def test_early_motion_is_not_a_detection():
    rates = roc.Rates(SEED, (50,))
    rates.add(first("near"), [[QUIET - 1]])
    assert rates.of(50, "near") == 0 and rates.of(50, "early") == 1


@pytest.mark.slow
def test_many_sequences():
    rates = roc.measure(2, 160, (30, 50, 90))
    assert rates.of(50, "near") > 0.95 and rates.of(50, "middle") > 0.9
    assert rates.of(50, "false") < 0.02 and rates.of(50, "early") < 0.02
    assert rates.of(30, "far") <= rates.of(50, "far") <= rates.of(90, "far")
