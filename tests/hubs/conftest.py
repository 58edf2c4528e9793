"""Fixtures of the tests with real hubs, which only `make hubs` runs: it installs them first."""

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
sys.path += [str(TESTS / "e2e"), str(TESTS.parent / "tools")]

# ruff: noqa: E402 - found on the path above
from fixtures import broker, camera, client  # noqa: F401


def pytest_ignore_collect(collection_path, config):
    if not config.getoption("hubs"):
        return True
    return None


@pytest.fixture(scope="session")
def program():
    """Function that returns the path of a hub's program; without it, the test fails."""
    import hubs

    def found(name):
        try:
            return hubs.program(name)
        except hubs.InstallError as error:
            pytest.fail(str(error), pytrace=False)

    return found
