"""Fixtures and paths of all tests that CPython runs."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
# the firmware's pure parts (proto, app.settings.schema) import here too
sys.path += [str(ROOT / "lib"), str(ROOT / "tools" / "pc")]

# programs for MicroPython: tests/test_micropython.py runs them
collect_ignore_glob = ["unit/*", "device/*", "sim/*"]


@pytest.fixture(scope="session")
def repo():
    """The root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def interpreter():
    """The path of the MicroPython interpreter."""
    from interpreter import HOW_TO_GET_ONE, find

    return find() or pytest.fail(HOW_TO_GET_ONE, pytrace=False)


@pytest.fixture(scope="session", autouse=True)
def bytecode():
    """The compiled mirror of the board's file system, up to date."""
    from compile import CompileError, compile_all

    try:
        return compile_all()
    except CompileError as error:
        pytest.exit(str(error), returncode=1)
