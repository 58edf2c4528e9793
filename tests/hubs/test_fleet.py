"""A real Home Assistant with 200 more cameras on the same broker; writes build/hubs/fleet.json."""

import json
import statistics
import time

import pytest
from homeassistant import HomeAssistant
from listener import Listener
from mosquitto import Mosquitto
from sim import ROOT, TOPIC, Simulator

from app.mqtt.entities import Device
from app.mqtt.topics import Topics
from app.settings import schema
from proto.params import PARAMS

CAMERAS = 200
ANNOUNCED_S = 240
STATES_S = 2  # a request of all states
REACTION_S = 5  # a control of the real camera
SETTINGS = {row[schema.NAME]: row[schema.DEFAULT] for row in schema.SCHEMA}


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Mosquitto(tmp_path_factory.mktemp("broker"), options={"log_type": "error"}) as made:
        yield made


@pytest.fixture(scope="module")
def camera(broker, tmp_path_factory):
    settings = {"pubinterval": "1", "name": "Porch"}
    with Simulator(tmp_path_factory.mktemp("camera"), broker.uri, settings) as made:
        made.wait_status("mqtt connected")
        yield made


@pytest.fixture(scope="module")
def hub(program, broker, camera, tmp_path_factory):
    with HomeAssistant(program("hass"), tmp_path_factory.mktemp("hub"), broker.port) as made:
        made.wait(lambda: made.state("light.porch_lamp") == "off", 60, "the real camera")
        yield made


def announced(number):
    """Return (topic, discovery message, topic of the camera) of one more camera."""
    topic = f"cam{number}"
    settings = {**SETTINGS, "name": topic, "topic": topic}
    topics = Topics(settings, f"DVES_{number:06X}")
    device = Device(
        settings, topics, number.to_bytes(6, "big"), "192.168.1.9", {row[0] for row in PARAMS}
    )
    payload = b"".join(device.piece(each) for each in range(len(device)))
    return topics.discovery().decode(), payload, topic


def request_ms(hub):
    """Return the median time of a request of all states, in milliseconds."""
    times = []
    for _ in range(9):
        started = time.monotonic()
        hub.states()
        times.append(1_000 * (time.monotonic() - started))
    return statistics.median(times)


def reaction_ms(camera, hub):
    """Return how long the lamp takes from the call to its new state in the hub."""
    times = []
    for service, state in (("turn_on", "on"), ("turn_off", "off")):
        started = time.monotonic()
        hub.call("light.porch_lamp", service)
        hub.wait(lambda: hub.state("light.porch_lamp") == state, REACTION_S, state)  # noqa: B023
        times.append(1_000 * (time.monotonic() - started))
    return max(times)


@pytest.mark.timeout(ANNOUNCED_S + 120)
def test_two_hundred_cameras(broker, camera, hub):
    alone = len(hub.states())
    figures = {"before": [alone, request_ms(hub), reaction_ms(camera, hub)]}
    with Listener(broker.port, f"+/{TOPIC}/#") as client:
        client.wait(f"data/{TOPIC}/image")
        client.catch_up()
        known = {message.topic: message.payload for message in client.messages}
        started = time.monotonic()
        for number in range(1, CAMERAS + 1):
            config, payload, topic = announced(number)
            client.publish(config, payload, retain=True)
            for kept, value in known.items():
                client.publish(kept.replace(TOPIC, topic), value, retain=True)
    own = len([name for name in hub.states() if ".porch_" in name])
    last = [f"light.cam{number}_lamp" for number in range(1, CAMERAS + 1)]

    def all_known():
        states = hub.states()
        lamps = {states.get(name, {}).get("state") for name in last}
        return lamps == {"off"} and len(states) >= alone + CAMERAS * own

    hub.wait(all_known, ANNOUNCED_S, "all states of all cameras")
    figures["seconds"] = time.monotonic() - started
    figures["after"] = [len(hub.states()), request_ms(hub), reaction_ms(camera, hub)]
    (ROOT / "build" / "hubs" / "fleet.json").write_text(json.dumps(figures))
    assert figures["after"][1] < 1_000 * STATES_S, figures
