"""The fixture `row` of the fault tests, and the report that `make faults` writes.

A test is named by the id of its row: test_n1_access_point_absent shows N1.
"""

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
sys.path += [str(TESTS / "e2e"), str(TESTS / "tools"), str(TESTS.parent / "tools" / "sim")]

# ruff: noqa: E402 - found on the path above
from faultreport import write
from fixtures import broker, client, probe, scenarios  # noqa: F401
from row import Row

_FULL_LIMIT_S = 900


def row_id(item):
    """Return the id of the row that a test shows: test_n1_... -> N1."""
    return item.name.split("_")[1].upper()


@pytest.fixture
def row(request):
    """Row that the test shows; the test fails unless all that it has injected was survived."""
    config = request.config
    return Row(row_id(request.node), config.getoption("full"), config.getoption("seed"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    result = yield
    if shown := item.funcargs.get("row"):
        shown.check()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    shown = getattr(item, "funcargs", {}).get("row")
    if shown and call.when == "call":
        counts = {"injected": shown.injected, "survived": shown.survived}
        entry = {"row": shown.name, "figures": shown.figures(), **counts}
        report.user_properties.append(("fault", {**entry, "seconds": round(report.duration, 1)}))
    return report


def pytest_collection_modifyitems(config, items):
    if config.getoption("full"):
        for item in items:
            if not item.get_closest_marker("timeout"):
                item.add_marker(pytest.mark.timeout(_FULL_LIMIT_S))


class Report:
    """Collects the results of a full run, in the process that controls the workers."""

    def __init__(self, folder):
        self._folder = folder
        self._results = {}

    def pytest_runtest_logreport(self, report):
        for key, value in report.user_properties:
            if key == "fault" and report.when == "call":
                self._results[value["row"]] = {"passed": report.passed, **value}

    def pytest_sessionfinish(self):
        write(self._folder, self._results)


def pytest_configure(config):
    if config.getoption("full") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Report(config.rootpath / "build"))
