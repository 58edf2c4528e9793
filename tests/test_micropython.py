"""Run every MicroPython test program as one test; a failure shows the program's output.

tests/unit runs on the bare interpreter, tests/device on the simulated board.
"""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
DRIVERS = {"test_camera_driver.py": "driver"}  # camera module in the board's firmware
LIMIT_S = 100  # below pytest's own timeout, so that the output is still shown


def _programs(*folders):
    found = [path for folder in folders for path in sorted((HERE / folder).rglob("test_*.py"))]
    return [pytest.param(path, id=str(path.relative_to(HERE))) for path in found]


@pytest.mark.parametrize("program", _programs("unit"))
def test_unit(program, interpreter, repo, tmp_path):
    sources = ["lib", ".", "build/lib"]
    compiled = ["build/mpy/root/lib", "build/mpy/root"]  # starts faster than sources
    folders = [*(sources if os.getenv("MICROPYTHON") else compiled), "build/test-lib"]
    path = [str(repo / folder) for folder in [*folders, "tests/unit"]] + [".frozen"]
    _run(
        [interpreter, "-X", "heapsize=4M", str(program)], tmp_path, {"MICROPYPATH": ":".join(path)}
    )


@pytest.mark.parametrize("program", _programs("device", "sim"))
def test_on_simulated_board(program, repo, tmp_path):
    output = _on_board(program, DRIVERS.get(program.name, "api"), repo, tmp_path)
    assert "skipped" not in output and "left out" not in output


@pytest.mark.parametrize(
    ("name", "driver"), [("test_camera_driver.py", "none"), ("test_camera_api.py", "driver")]
)
def test_firmware_with_another_camera_module(name, driver, repo, tmp_path):
    """The tests of an absent driver are skipped with a reason."""
    output = _on_board(HERE / "device" / name, driver, repo, tmp_path)
    assert "nothing to test" in output
    assert "OK (1 skipped)" in output


def _on_board(program, driver, repo, tmp_path):
    runner = [sys.executable, str(repo / "tools" / "sim" / "run.py"), "--run", str(program)]
    ports = [
        word for name in ("http", "telnet", "dns", "control") for word in (f"--{name}-port", "0")
    ]
    options = ["--fast", "--quiet", "--driver", driver, "--state", str(tmp_path / "state")]
    return _run(runner + options + ports, tmp_path, {})


def _run(command, folder, environment):
    """Run one program and return its output.

    Fails with that output unless the program ran at least one test and all its tests passed.
    """
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=LIMIT_S)
        trouble = _trouble(process.returncode, output)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        trouble = f"still running after {LIMIT_S} s"
    if trouble:
        pytest.fail(f"{output}\n{trouble}: {' '.join(command)}", pytrace=False)
    return output


def _trouble(status, output):
    """Return the reason why a program's result counts as a failure, or None."""
    counts = re.findall(r"^Ran (\d+) tests", output, re.MULTILINE)
    if status:
        return f"exit status {status}"
    if not counts:
        return "no test result (the last line has to run the tests)"
    if not any(int(count) for count in counts):
        return "no test ran"
    return None


@pytest.mark.parametrize(
    ("status", "output", "trouble"),
    [
        (0, "test_a (T) ... ok\nRan 1 tests\n\nOK\n", None),
        (1, "Ran 1 tests\n\nOK\nTraceback\n", "exit status 1"),
        (-11, "Ran 1 tests\n\nOK\n", "exit status -11"),
        (1, "Ran 2 tests\n\nFAILED (failures=1, errors=0)\n", "exit status 1"),
        (0, "Ran 0 tests\n\nOK\n", "no test ran"),
        (0, "", "no test result (the last line has to run the tests)"),
    ],
)
def test_verdict(status, output, trouble):
    assert _trouble(status, output) == trouble


PROGRAM = """
import suite
import unittest
class TestSum(unittest.TestCase):
    def test_sum(self):
        self.assertEqual(1 + 1, SUM)
suite.main()
"""


def test_program_passes_or_fails(interpreter, repo, tmp_path):
    program = tmp_path / "test_sum.py"
    program.write_text(PROGRAM.replace("SUM", "2"))
    test_unit(program, interpreter, repo, tmp_path)
    program.write_text(PROGRAM.replace("SUM", "3"))
    with pytest.raises(pytest.fail.Exception, match="2 vs .expected. 3"):
        test_unit(program, interpreter, repo, tmp_path)
