"""Telemetry on `tele/<topic>/STATE`: on connect, on request and periodic."""

import itertools
import json
import re
import time

import pytest
from listener import Listener
from mosquitto import Mosquitto
from scenarios import scenario_name
from sim import TOPIC, Simulator, wait_until

STATE = f"tele/{TOPIC}/STATE"
FIELDS = {
    "Time",
    "Uptime",
    "UptimeSec",
    "Version",
    "MicroPython",
    "RestartReason",
    "Heap",
    "InternalRAM",
    "IPAddress",
    "Wifi",
    "MqttCount",
    "POWER",
    "Camera",
    "Picture",
    "Restarts",
    "LastError",
}


@pytest.fixture(scope="module")
def camera(broker, tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("camera"), broker.uri, {"pubinterval": "0"}) as made:
        yield made


@pytest.fixture
def client(broker, camera):
    with Listener(broker.port) as made:
        made.wait(f"stat/{TOPIC}/timer")
        yield made


def next_state(client, since):
    message = client.wait(STATE, since=since)
    assert (message.qos, message.retain) == (0, False)
    return json.loads(message.payload)


def test_on_connect(camera, client):
    since = len(client.messages)
    camera.power_cut()
    state = next_state(client, since)
    assert state["RestartReason"] == "power on"
    assert state["MqttCount"] == 1
    assert state["UptimeSec"] < 10


def test_on_status(camera, client):
    for kind in ("", "2"):
        since = len(client.messages)
        client.command("status", kind)
        next_state(client, since)


def test_fields(camera, client):
    client.command("power", "on")
    camera.get("/capture")
    since = len(client.messages)
    version, _, micropython, heap, internal, block = camera.status("2").split(", ")
    state = next_state(client, since)
    assert FIELDS <= set(state)
    assert (state["Version"], state["MicroPython"]) == (version, micropython)
    assert abs(state["Heap"] - int(heap)) < 200_000
    assert internal == f"internal RAM {state['InternalRAM']['Free']}"
    assert block == f"largest block {state['InternalRAM']['Largest']}"
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d", state["Time"])
    assert re.fullmatch(r"\d+T\d\d:\d\d:\d\d", state["Uptime"])
    assert state["IPAddress"] == "192.168.4.15"
    assert state["Wifi"] == {"Signal": -55, "LinkCount": 1}
    assert state["POWER"] == "on"
    assert state["Camera"]["Captured"] >= 1
    assert state["Camera"]["State"] == "ready"
    assert state["Camera"]["Failed"] == 0


def test_faults_are_counted(camera, client):
    camera.control("camera", fault="none", count=1)
    camera.get("/capture")
    since = len(client.messages)
    camera.status()
    state = next_state(client, since)
    assert state["Camera"]["Failed"] == 1
    assert "camera" in state["LastError"]


def periodic_reports(folder):
    with Mosquitto(folder / "broker") as broker:
        settings = {"pubinterval": "0", "teleperiod": "1"}
        with (
            Simulator(folder / "camera", broker.uri, settings),
            Listener(broker.port) as client,
        ):
            wait_until(lambda: len(client.on(STATE)) > 3, 10, "three periods")
            gaps = [b.at - a.at for a, b in itertools.pairwise(client.on(STATE)[-3:])]
            assert all(0.6 < gap < 2.5 for gap in gaps), gaps
            client.command("teleperiod", "0")
            client.wait(f"stat/{TOPIC}/teleperiod")
            time.sleep(0.2)  # a report may be on its way
            assert client.count(STATE, 2) == 0


@pytest.mark.parametrize("scenario", [periodic_reports], ids=scenario_name)
def test_slow(scenarios, scenario):
    scenarios.wait_for(scenario)
