"""The matrix and its tests: each row has exactly one test, or a reason for none."""

import re
from pathlib import Path

import pytest
from faultreport import entries, markdown
from matrix import NOT_ON_A_PC, ROWS
from row import Row

HERE = Path(__file__).resolve().parent


def shown():
    """Return the ids of the rows that the tests of this folder show."""
    names = []
    for path in HERE.glob("test_?_*.py"):
        names += re.findall(r"^def test_([a-z]\d+)_", path.read_text(), re.MULTILINE)
    return [name.upper() for name in names]


def test_each_row_has_one_test():
    assert sorted(shown()) == sorted(set(ROWS) - set(NOT_ON_A_PC))
    assert set(NOT_ON_A_PC) <= set(ROWS)


def test_row_without_injection_or_with_a_loss_fails():
    row = Row("X1", full=False, seed=1)
    with pytest.raises(AssertionError, match="injected nothing"):
        row.check()
    row.count(2)
    row.check()
    with row.injection("a"):
        raise AssertionError("lost")
    with pytest.raises(AssertionError, match=r"2 of 3 survived(.|\n)*a: .*lost"):
        row.check()


def test_third_failure_ends_the_test():
    row = Row("X1", full=False, seed=1)
    for _ in range(2):
        with row.injection():
            raise OSError
    with pytest.raises(OSError), row.injection():
        raise OSError
    assert (row.injected, row.survived) == (3, 0)


def test_figures_are_the_largest():
    row = Row("X1", full=True, seed=1)
    for value in (1.5, 12.25, 3):
        row.figure("recovered within", value, "s")
    row.figure("pauses", 1_234)
    assert row.figures() == "recovered within 12.25 s; pauses 1,234"
    assert row.times(100, 2) == 100


def test_report():
    results = {"N1": {"row": "N1", "passed": True, "injected": 1000, "survived": 1000,
                      "figures": "up 3 s", "seconds": 4.5},
               "N2": {"row": "N2", "passed": False, "injected": 2, "survived": 1,
                      "figures": "", "seconds": 1.0}}  # fmt: skip
    table = entries(results)
    assert [each["row"] for each in table] == list(ROWS)
    assert [each["result"] for each in table[:3]] == ["held", "FAILED", "not run"]
    lines = markdown(table).splitlines()
    assert "| 1,000 | 1,000 | up 3 s |" in lines[2]
    assert "**FAILED**" in lines[3] and "not run" in lines[4]
