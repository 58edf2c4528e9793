"""config/node-red/flow.json in a real Node-RED, with the camera and a broker."""

import json

import pytest
from nodered import NodeRED
from pictures import check
from sim import ROOT, Simulator, wait_until

FLOW = ROOT / "config" / "node-red" / "flow.json"
TOPIC = "porch"


@pytest.fixture(scope="module")
def camera(broker, tmp_path_factory):
    """Camera that takes pictures only on request."""
    settings = {"topic": TOPIC, "pubinterval": "0"}
    with Simulator(tmp_path_factory.mktemp("camera"), broker.uri, settings) as made:
        made.wait_status("mqtt connected")
        yield made


@pytest.fixture(scope="module")
def flow(broker):
    """The flow with what an owner enters in its tab."""
    nodes = json.loads(FLOW.read_text())
    entered = {"BROKER": "127.0.0.1", "PORT": str(broker.port), "TOPIC": TOPIC}
    for variable in nodes[0]["env"]:
        variable["value"] = entered.pop(variable["name"], variable["value"])
    assert not entered
    return nodes


@pytest.fixture(scope="module")
def hub(program, camera, flow, tmp_path_factory):
    with NodeRED(program("node-red"), tmp_path_factory.mktemp("hub")) as made:
        made.deploy(flow)
        yield made


def number(hub):
    """Return the number of the last picture's frame, 0 if there is none."""
    response = hub.get("/camera.jpg")
    return check(response.content) if response.status_code == 200 else 0


def test_state_is_shown(hub):
    hub.wait_debug("Online or Offline", "Online")
    assert "UptimeSec" in hub.wait_debug("Telemetry", "UptimeSec")


def test_no_picture_yet(hub):
    response = hub.get("/camera.jpg")
    assert response.status_code == 404 and "no picture yet" in response.text


def test_picture_on_inject(hub):
    before = number(hub)
    hub.inject("camera_take")
    wait_until(lambda: number(hub) > before, what="a new picture", every_s=0.1)
    response = hub.get("/camera.jpg")
    assert response.headers["content-type"] == "image/jpeg"
    hub.wait_debug("Picture in bytes", str(len(response.content)))


def test_picture_on_each_press(camera, hub):
    for _ in range(2):
        before = number(hub)
        camera.control("press")
        wait_until(lambda: number(hub) > before, what="a new picture", every_s=0.1)  # noqa: B023


def test_lost_camera_is_shown(camera, hub):
    camera.control("power_cut")
    hub.wait_debug("Online or Offline", "Offline")
