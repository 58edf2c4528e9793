"""Fixtures of the end-to-end and the fault tests."""

import pytest
from listener import Listener
from mosquitto import Mosquitto
from probe import Probe
from scenarios import Scenarios
from sim import Simulator


@pytest.fixture
def probe(tmp_path):
    """Running board that executes the code a test sends."""
    with Probe(tmp_path) as board:
        yield board


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    """Mosquitto for one test module, without the 40 ms delay of Nagle's algorithm."""
    options = {"set_tcp_nodelay": "true"}
    with Mosquitto(tmp_path_factory.mktemp("broker"), options=options) as made:
        yield made


@pytest.fixture(scope="module")
def browser():
    """Chromium for one test module."""
    from browser import Browser  # lazy: Playwright takes a while to import

    with Browser() as made:
        yield made


@pytest.fixture
def client(broker):
    """MQTT client with a subscription to all topics."""
    with Listener(broker.port) as made:
        yield made


@pytest.fixture(scope="module")
def camera(broker, tmp_path_factory):
    """Camera for one test module, in QVGA, which publishes on request; most modules replace it."""
    with Simulator(tmp_path_factory.mktemp("camera"), broker.uri, {"pubinterval": "0"}) as made:
        made.wait_status("camera ready")
        made.command('camera {"framesize": "QVGA"}')
        made.wait_status("mqtt connected")
        yield made


@pytest.fixture(scope="module", autouse=True)
def scenarios(request, tmp_path_factory):
    """Scenarios of the selected tests in a module (parameter `scenario`), started by the first."""
    items = [item for item in request.session.items if item.path == request.path]
    params = [getattr(item, "callspec", None) for item in items]
    chosen = [each.params["scenario"] for each in params if each and "scenario" in each.params]
    made = Scenarios(tmp_path_factory, chosen)
    yield made
    made.close()
