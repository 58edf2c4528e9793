"""Live view over MQTT, over a link of 1 Mbit/s to the broker."""

import json
import sys
import time

import pytest
from listener import Listener
from pictures import check
from sim import ROOT, TOPIC, Simulator, wait_until

sys.path.append(str(ROOT / "tools" / "bench"))
from slowlink import SlowLink  # noqa: E402 - needs the path set above

LIVE, IMAGE, REPORT = f"data/{TOPIC}/live", f"data/{TOPIC}/image", f"tele/{TOPIC}/LIVE"
VGA = (640, 480)


@pytest.fixture(scope="module")
def camera(broker, tmp_path_factory):
    with SlowLink(1_000_000) as link:
        uri = f"mqtt://127.0.0.1:{link.relay(broker.port)}"
        settings = {"pubinterval": "0", "metrics": "on"}
        with Simulator(tmp_path_factory.mktemp("camera"), uri, settings) as made:
            made.wait_status("camera ready")
            made.command('camera {"framesize": "VGA"}')
            yield made


def sent(camera):
    """Return the number of pictures that the camera has written to its socket."""
    lines = camera.get("/metrics").text.splitlines()
    name = "esp32cam_live_pictures_total "
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def reports(client):
    return [json.loads(message.payload) for message in client.on(REPORT)]


def test_pictures_replies_and_the_usual_picture_share_a_slow_link(camera, client):
    camera.wait_status("mqtt connected")
    assert client.command("live", "60,30") == "60"
    client.wait(LIVE, lambda message: len(client.on(LIVE)) > 2)
    for _ in range(6):  # never more than two pictures are on the way
        received = len(client.on(LIVE))
        assert sent(camera) - received <= 2
    before = len(client.on(LIVE))
    client.send(f"cmnd/{TOPIC}/power")
    at = len(client.messages)
    client.wait(f"stat/{TOPIC}/power", lambda message: not message.retain, since=at)
    assert len(client.on(LIVE)) - before <= 2  # that which was on its way
    camera.command("capture")
    client.wait(IMAGE, lambda message: not message.retain)
    assert 30 < int(client.command("live")) < 60
    assert "live view (" in camera.status()
    assert camera.get("/api/status").json()["live"].endswith(" pictures per second")
    assert client.command("live", "0") == "0"
    client.wait(REPORT, lambda message: json.loads(message.payload)["Reason"])
    pictures, found = client.on(LIVE), reports(client)
    assert [each["Frames"] for each in found] == [*range(1, len(pictures) + 1), len(pictures)]
    assert [each["Bytes"] for each in found[:-1]] == [len(each.payload) for each in pictures]
    numbers = [check(message.payload, VGA) for message in pictures]
    assert numbers == sorted(set(numbers))
    assert not any(message.retain or message.qos for message in pictures)
    assert abs(found[0]["Timestamp"] - time.time()) < 60
    assert (
        found[-1]["FPS"] > 0
        and found[-1]["Reason"] == "ended by a command"
        and found[-1]["SecondsLeft"] == 0
    )


@pytest.mark.slow
def test_it_goes_on_after_a_lost_link_and_ends_with_privacy(camera, broker):
    with Listener(broker.port) as client:
        client.command("live", "60,30")
        client.wait(LIVE)
        broker.restart()
        camera.wait_status("mqtt connected")
        count = len(client.on(LIVE))
        wait_until(lambda: len(client.on(LIVE)) > count + 1, what="pictures on the new link")
        camera.command("privacy on")
        ended = client.wait(REPORT, lambda message: json.loads(message.payload)["Reason"])
        assert json.loads(ended.payload)["Reason"] == "privacy is on"
        assert client.command("live", "60") == "no picture: privacy is on"
        count = len(client.on(LIVE))
        camera.command("privacy off")
        assert client.command("live") == "0"
        assert len(client.on(LIVE)) == count
