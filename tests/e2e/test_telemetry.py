"""`tele/<topic>/STATE`: on connect, when asked, and by the period."""

import itertools
import json
import re
import time

import pytest
from listener import Listener
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
    "IPAddress",
    "Wifi",
    "MqttCount",
    "POWER",
    "Camera",
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
    for kind in ("", "1", "2", "3"):
        since = len(client.messages)
        client.ask("status", kind)
        next_state(client, since)


def test_fields(camera, client):
    client.ask("power", "on")
    camera.get("/capture")
    since = len(client.messages)
    version, _, micropython, heap = camera.status("2").split(", ")
    state = next_state(client, since)
    assert FIELDS <= set(state)
    assert (state["Version"], state["MicroPython"]) == (version, micropython)
    assert abs(state["Heap"] - int(heap)) < 200_000
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


def test_period(camera, client):
    since = len(client.messages)
    client.ask("teleperiod", "1")

    def told():
        return [m.at for m in client.messages[since:] if m.topic == STATE]

    times = wait_until(lambda: told() if len(told()) > 3 else None, 10, "three periods")
    gaps = [b - a for a, b in itertools.pairwise(times[-3:])]
    assert all(0.8 < gap < 1.6 for gap in gaps), gaps
    client.ask("teleperiod", "0")
    time.sleep(0.1)  # one that was on its way
    assert client.count(STATE, 1.5) == 0
