"""Privacy: the sensor loses its power, and nothing gives a picture, after a power cut either."""

import json

import pytest
from listener import Listener
from sim import TOPIC, Simulator
from viewer import Viewer

IMAGE, STATE = f"data/{TOPIC}/image", f"tele/{TOPIC}/STATE"
PRIVACY = f"stat/{TOPIC}/privacy"
PWDN = "32"
PATHS = (
    "/capture", "/jpg", "/snapshot.jpg", "/cam.jpg", "/capture?size=QVGA",
    "/mjpg", "/stream", "/cam.mjpeg", "/stream.mjpg",
)  # fmt: skip
REASON = "There is no picture: privacy is on."


@pytest.fixture
def camera(broker, tmp_path):
    settings = {"pubinterval": "1", "metrics": "on"}
    with Simulator(tmp_path, broker.uri, settings) as made:
        yield made


def power_down(camera):
    return camera.control("pins")["pins"].get(PWDN, 0)


def check_private(camera):
    """Check that all of the camera says so, and none of it gives a picture."""
    assert power_down(camera) == 1
    for path in PATHS:
        response = camera.get(path)
        assert response.status_code == 403 and REASON in response.text, path
        assert b"\xff\xd8" not in response.content
    assert "camera off (privacy is on)" in camera.status()
    status = camera.get("/api/status").json()
    assert (status["private"], status["camera"]["state"], status["viewers"]) == (True, "off", 0)
    assert "esp32cam_privacy 1" in camera.get("/metrics").text
    assert camera.command("capture") == "no picture: privacy is on"
    refused = camera.command('camera {"quality": 10}')
    assert "the camera is off: privacy is on" in refused


def test_no_picture_from_the_reply_until_off(camera, broker):
    with Listener(broker.port) as client:
        client.wait(IMAGE, lambda message: not message.retain)
        with Viewer(camera.url) as viewer:
            assert client.command("privacy", "on") == "on"
            since = len(client.messages)
            viewer.join(5)
            assert not viewer.is_alive()
        check_private(camera)
        client.command("status", reply="status")
        told = client.wait(STATE, lambda m: json.loads(m.payload)["Privacy"] == "on")
        assert json.loads(told.payload)["Camera"]["State"] == "off"
        camera.power_cut()
        camera.wait_status("mqtt connected")
        check_private(camera)
        assert [m for m in client.messages[since:] if m.topic == IMAGE and not m.retain] == []
        with Listener(broker.port, PRIVACY) as late:
            assert late.wait(PRIVACY, lambda message: message.retain).payload == b"on"
        since = len(client.messages)
        camera.command("buttonmode privacy")
        camera.control("press")
        client.wait(IMAGE, since=since)
    assert (power_down(camera), camera.get("/capture").status_code) == (0, 200)
