"""Device tests run through a board's REPL, as by `make device-test`."""

import boardlink
import device_test
import pytest
from boards import BlankBoard


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    with BlankBoard(tmp_path_factory.mktemp("board")) as made:
        yield made


def test_two_files(board):
    before = board.files.paths()
    output = board.tool("device_test.py", "test_camera_api", "tests/device/test_tls.py")
    assert "test_complete_jpeg (TestCapture) ... ok" in output and "skipped" not in output
    assert output.splitlines()[-1] == "2 passed, 0 failed"
    assert board.files.paths() == before


PROGRAMS = {
    "test_bad.py": "import unittest\nclass T(unittest.TestCase):\n"
    " def test_it(self):\n  self.assertEqual(1, 2)\nunittest.main()",
    "test_none.py": "import unittest\nunittest.main()",
    "test_raises.py": "import nothing_such",
    "test_resets.py": "import machine\nmachine.reset()",
}


def test_reports_failures(board, tmp_path, monkeypatch, capsys):
    for name, text in PROGRAMS.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(device_test, "TESTS", tmp_path)
    monkeypatch.setattr(device_test, "_SILENCE_S", 1)
    monkeypatch.setattr(boardlink, "_SILENCE_S", 1)
    assert device_test.main([board.port, "--quiet"]) == 1
    output = capsys.readouterr().out
    for line in (
        "FAILED  test_bad             1 tests, failures=1, errors=0",
        "FAILED  test_none            no test ran",
        "FAILED  test_raises          ImportError: no module named 'nothing_such'",
        "FAILED  test_resets          does not end",
        "0 passed, 4 failed",
    ):
        assert line in output


def test_unknown_name(board, capsys):
    assert device_test.main([board.port, "test_nothing"]) == 1
    assert "no test is named test_nothing; there are: test_" in capsys.readouterr().err
