"""Pictures without a broker: posted to a web server, and kept until the broker is there."""

import json
import time

import pytest
from certificates import authority, make
from listener import Listener
from mosquitto import HOST
from pictures import check, frame_number
from sim import TOPIC, Simulator, wait_until
from webfiles import Web, respond

NO_BROKER = "mqtt://127.0.0.1:1"
KEPT, INFO = f"data/{TOPIC}/kept", f"data/{TOPIC}/kept/info"
SIZE = (320, 240)


@pytest.fixture(scope="module")
def ca():
    return authority()


@pytest.fixture(scope="module")
def camera(ca, tmp_path_factory):
    folder = tmp_path_factory.mktemp("camera")
    (folder / "ca.pem").write_bytes(ca.cert_pem)
    settings = {
        "pubinterval": "0",
        "metrics": "on",
        "pushheader": "X-Key: canary",
        "mqttca": f"@{folder / 'ca.pem'}",
    }
    with Simulator(folder, NO_BROKER, settings, ["--device-id", "DVES_00000D"]) as made:
        made.get("/capture")
        made.command('camera {"framesize": "QVGA"}')
        yield made


def metric(camera, name):
    lines = camera.get("/metrics").text.splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"esp32cam_{name} "))


def test_pictures_are_posted_over_verified_tls_with_the_header_of_the_user(camera, ca, tmp_path):
    (tmp_path / "chain.pem").write_bytes(make(HOST, ca).pem)
    with Web(respond(204), respond(403), chain=tmp_path / "chain.pem") as web:
        camera.command(f"pushurl {web.url}in")
        for count in (1, 2):
            assert camera.command("capture") == "capturing"
            wait_until(lambda count=count: len(web.requests) == count, what="a post")
            request = web.requests[-1]
            assert (request.command, request.path) == ("POST", "/in")
            assert request.headers["X-Key"] == "canary"
            assert abs(float(request.headers["X-Timestamp"]) - time.time()) < 60
            check(request.body, SIZE)
            wait_until(lambda: metric(camera, "push_pictures_total"))
        camera.wait_status("push 1 posted (the server answered 403 Forbidden)")
        assert camera.get("/api/status").json()["push"].startswith("1 posted (")
        assert metric(camera, "push_pictures_failed_total") == 1
        assert "canary" not in camera.output + camera.get("/api/settings").text
    camera.command("pushurl 1")


def test_pictures_pause_outside_of_the_times_of_day(camera):
    hour = int(camera.command("time").split()[3][:2])
    camera.command(f"pubtimes {(hour + 2) % 24}:00-{(hour + 3) % 24}:00")
    camera.wait_status("pictures pause (outside of ")
    assert camera.get("/api/status").json()["paused"].startswith("outside of ")
    camera.command("pubtimes 1")
    assert camera.get("/api/status").json()["paused"] == ""


def test_the_newest_pictures_of_an_outage_arrive_in_order(camera, broker):
    camera.command("keep 2")
    for count in (1, 2, 2):
        camera.command("capture")
        wait_until(lambda count=count: metric(camera, "kept_pictures") == count)
    wait_until(lambda: metric(camera, "kept_pictures_dropped_total"))
    assert "2 pictures kept" in camera.status()
    assert camera.get("/api/status").json()["kept"] == 2
    with Listener(broker.port) as client:
        camera.command("mqtthost " + broker.uri)
        client.wait(KEPT, lambda message: len(client.on(KEPT)) == 2)
        pictures, infos = client.on(KEPT), [json.loads(m.payload) for m in client.on(INFO)]
        kinds = [m.topic for m in client.messages if m.topic in (KEPT, INFO)]
    assert kinds == [INFO, KEPT] * 2
    assert not any(message.retain for message in pictures)
    for info, message in zip(infos, pictures, strict=True):
        check(message.payload, SIZE)
        assert info["Bytes"] == len(message.payload)
        assert 0 <= time.time() - info["Timestamp"] < 60
    numbers = [frame_number(message.payload) for message in pictures]
    assert numbers == sorted(set(numbers))
    assert infos[0]["AgeSec"] >= infos[1]["AgeSec"]
    assert [info["Left"] for info in infos] == [1, 0]
    wait_until(lambda: camera.get("/api/status").json()["kept"] == 0)
