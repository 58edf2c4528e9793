"""`make bench` measures, writes its results as JSON, and fails if a limit is not met."""

import json
import subprocess
import sys

import interpreter32
import pytest


def test_json_of_a_short_run(repo, tmp_path):
    try:
        interpreter32.fetch()
    except interpreter32.Unavailable as error:
        pytest.skip(str(error))
    output = tmp_path / "bench.json"
    program = repo / "tools" / "bench" / "run.py"
    command = [sys.executable, str(program), "allocation", "--quick", "--output", str(output)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50)
    rows = json.loads(output.read_text())
    assert len(rows) == 6, done.stderr
    assert [row["limit"] for row in rows].count(1_024) == 3
    for row in rows:
        assert list(row) == ["name", "value", "unit", "ratio", "limit", "ok"]
        assert row["unit"] == "bytes" and row["value"] > 0 and row["ratio"] is None
        assert row["ok"] == (row["limit"] is None or row["value"] <= row["limit"])
        assert row["name"] in done.stdout
    assert done.returncode == (0 if all(row["ok"] for row in rows) else 1)


def test_unknown_row_is_refused(repo):
    program = repo / "tools" / "bench" / "run.py"
    done = subprocess.run([sys.executable, str(program), "x"], capture_output=True, text=True)
    assert done.returncode == 2 and "publish" in done.stderr
