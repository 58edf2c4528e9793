"""Fixtures of the stories told from outside."""

from pathlib import Path

import pytest
from listener import Listener
from mosquitto import Mosquitto
from probe import Probe
from stories import Stories

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    """Stories measure real time: on a machine that is busy one may be told again, and is named."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.flaky(reruns=2))


@pytest.fixture
def probe(tmp_path):
    """A running board that runs what it is sent."""
    with Probe(tmp_path) as board:
        yield board


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    """A real broker of the file's own; it sends at once instead of waiting 40 ms for more."""
    options = {"set_tcp_nodelay": "true"}
    with Mosquitto(tmp_path_factory.mktemp("broker"), options=options) as made:
        yield made


@pytest.fixture
def client(broker):
    """A real client that hears everything."""
    with Listener(broker.port) as made:
        yield made


@pytest.fixture(scope="module", autouse=True)
def stories(request, tmp_path_factory):
    """Slow stories of a file's chosen tests (their parameter `story`), begun with the first."""
    items = [item for item in request.session.items if item.path == request.path]
    params = [getattr(item, "callspec", None) for item in items]
    chosen = [each.params["story"] for each in params if each and "story" in each.params]
    made = Stories(tmp_path_factory, chosen)
    yield made
    made.close()
