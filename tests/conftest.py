"""Fixtures and import paths of all tests that run on CPython."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
# the firmware's pure modules (proto, app.settings.schema) can be imported here too
sys.path += [str(ROOT), str(ROOT / "lib"), str(ROOT / "tools" / "pc")]

# programs for MicroPython, which tests/test_micropython.py runs
collect_ignore_glob = ["unit/*", "device/*", "sim/*"]


def pytest_addoption(parser):
    group = parser.getgroup("faults")
    group.addoption(
        "--full", action="store_true", help="run slow tests; inject faults as often as promised"
    )
    group.addoption("--hubs", action="store_true", help="also run tests/hubs")
    group.addoption("--seed", type=int, default=1, help="of the random faults (default: 1)")


def pytest_collection_modifyitems(config, items):
    """Leave out slow tests; begin with the longest file, so that no process works on it alone."""
    items.sort(key=lambda item: item.path.name != "test_micropython.py")
    if not config.getoption("full"):
        slow = [item for item in items if item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


@pytest.fixture(scope="session")
def repo():
    """Return the root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def interpreter():
    """Return the path of the MicroPython interpreter."""
    from interpreter import HOW_TO_GET_ONE, find

    return find() or pytest.fail(HOW_TO_GET_ONE, pytrace=False)


@pytest.fixture(scope="session", autouse=True)
def bytecode():
    """Update the compiled mirror of the board's file system and return its path."""
    from compile import CompileError, compile_all

    try:
        return compile_all()
    except CompileError as error:
        pytest.exit(str(error), returncode=1)
