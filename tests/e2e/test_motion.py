"""Motion: its messages and pictures, from a sensor at a pin and from the picture."""

import json

import pytest
from listener import Listener
from pictures import check
from sim import TOPIC, Simulator, wait_until

QVGA = (320, 240)
MOTION, PICTURES = f"tele/{TOPIC}/MOTION", f"data/{TOPIC}/motion/"


@pytest.fixture(scope="module")
def camera(broker, tmp_path_factory):
    settings = {"motionpause": "1", "motionpictures": "2", "motionfps": "5"}
    settings |= {"metrics": "on", "meta": "on"}
    with Simulator(tmp_path_factory.mktemp("camera"), broker.uri, settings) as made:
        made.wait_status("mqtt connected, camera ready")
        made.command('camera {"framesize": "QVGA"}')
        yield made


def state(word):
    return lambda message: json.loads(message.payload)["State"] == word


def pictures(client, since):
    return [m for m in client.messages[since:] if m.topic.startswith(PICTURES)]


def api(camera):
    return camera.get("/api/motion").json()


@pytest.mark.slow
def test_a_sensor_at_a_pin(camera, broker):
    """Pictures before, at and after arrive in order; privacy ends the event and sends none."""
    with Listener(broker.port) as client:
        client.command("motion", "pin")
        client.wait(MOTION, state("off"))
        wait_until(lambda: camera.control("pins")["pins"].get("13") == 0)
        camera.control("drive", pin=13, level=1)
        on = client.wait(MOTION, state("on"))
        assert (json.loads(on.payload)["Source"], on.retain) == ("pin", False)
        assert "motion, " in camera.status() and camera.get("/api/status").json()["motion"]
        assert "esp32cam_motion 1" in camera.get("/metrics").text
        camera.control("drive", pin=13, level=0)
        client.wait(PICTURES + "5")
        came = pictures(client, 0)
        topics = [int(m.topic.removeprefix(PICTURES)) for m in came]
        assert topics == sorted(topics) and topics[-3:] == [3, 4, 5]
        numbers = [check(m.payload, QVGA) for m in came]
        assert numbers == sorted(set(numbers)) and not any(m.retain for m in came)
        described = client.wait(f"data/{TOPIC}/meta")
        assert json.loads(described.payload)["Trigger"] == "motion"
        off = client.wait(MOTION, state("off"), since=client.messages.index(on))
        with Listener(broker.port, MOTION) as late:
            kept = late.wait(MOTION, lambda message: message.retain)
            assert kept.payload == off.payload
        since = len(client.messages)
        camera.control("drive", pin=13, level=1)
        client.wait(MOTION, state("on"), since=since)
        since = len(client.messages)
        assert client.command("privacy", "on") == "on"
        quiet = client.catch_up()
        client.wait(MOTION, state("off"), since=since)
        camera.control("drive", pin=13, level=0)
        assert api(camera)["state"] == "" and pictures(client, quiet) == []
        camera.control("drive", pin=13, level=1)
        since = len(client.messages)
        client.command("privacy", "off")
        client.wait(MOTION, state("on"), since=since)
        client.wait(PICTURES + "5", since=since)
        camera.control("drive", pin=13)
        refused = camera.command("motionpin 33")
        assert "GPIO33 is the LED; use 13, 14 or 2" in refused


def test_something_that_moves(camera, broker):
    """The grid sees it, except in cells that are ignored; the event ends when it has gone."""
    camera.command("motionmask ffff" + 40 * "0" + "ffff")  # the clock, and the frame's number
    with Listener(broker.port) as client:
        client.command("motion", "picture")
        wait_until(lambda: api(camera)["score"] == 0, what="a background")
        since = len(client.messages)
        camera.control("scene", movers=[{"speed": 0.5, "size": 0.3}])
        on = client.wait(MOTION, state("on"), since=since)
        event = json.loads(on.payload)
        assert event["Source"] == "picture" and event["Score"] >= 50 and event["Cells"] >= 3
        client.wait(PICTURES + "5", since=since)
        numbers = [check(m.payload, QVGA) for m in pictures(client, since)]
        assert len(numbers) == 5 and numbers == sorted(set(numbers))
        seen = api(camera)
        assert len(seen["changed"]) == 192 and "1" not in seen["changed"][:16]
        camera.control("scene")
        client.wait(MOTION, state("off"), since=client.messages.index(on))
        client.command("motion", "off")
        wait_until(lambda: "motion" not in camera.status())
        assert api(camera)["changed"] is None
