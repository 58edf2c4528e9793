"""A camera that fails in every way: nothing bad is shown, nothing else stops, it comes back."""

import contextlib
import re
import time

import pytest
from listener import Listener
from mosquitto import Mosquitto
from pictures import check
from sim import TOPIC, Simulator, wait_until
from stories import name_of

IMAGE = f"data/{TOPIC}/image"
FAULTS = ["raise", "none", "stall", "truncate", "no_soi"]


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Mosquitto(tmp_path_factory.mktemp("broker")) as made:
        yield made


@pytest.fixture(scope="module")
def shared(broker, tmp_path_factory):
    settings = {"pubinterval": "1"}
    with Simulator(tmp_path_factory.mktemp("camera"), broker.uri, settings) as made:
        yield made


@pytest.fixture
def camera(shared):
    """Whole again, whatever a test did."""
    shared.control("camera", fault=None)
    wait_until(lambda: shared.get("/jpg", timeout=20).status_code == 200, 30, "a picture")
    return shared


@pytest.fixture
def client(broker):
    with Listener(broker.port) as made:
        made.wait(f"stat/{TOPIC}/timer")
        yield made


def failed(camera):
    return int(camera.status("3").partition("failed ")[2].partition(",")[0])


def all_good(client):
    for message in client.on(IMAGE):
        check(message.payload)


@pytest.mark.parametrize("fault", [*FAULTS, "padding"])
def test_one_bad_picture(camera, client, fault):
    """The next one comes at once, and nobody sees the bad one."""
    since = len(client.messages)
    before = failed(camera)
    client.wait(IMAGE, since=since)
    camera.control("camera", fault=fault, count=1)
    start = time.monotonic()
    picture = camera.get("/jpg", timeout=15)
    assert picture.status_code == 200
    check(picture.content)
    assert time.monotonic() - start < 15  # the driver itself waits 4 s for a stalled sensor
    spoilt = failed(camera) - before  # a stalled sensor also spoils the start after it
    assert spoilt == 0 if fault == "padding" else 1 <= spoilt <= 2
    client.wait(IMAGE, since=len(client.messages))
    all_good(client)
    assert "camera ready" in camera.status()


def test_big_picture(camera, client):
    """300 KB more than usual is published whole, or left out; the heap has room again after."""
    camera.control("camera", fault="big", count=2)
    page = camera.get("/jpg", timeout=20)
    assert page.status_code == 200
    check(page.content)
    client.wait(IMAGE, since=len(client.messages))
    all_good(client)
    assert "restarts 0," in camera.status("3")


def test_fails_from_the_start(broker, tmp_path):
    """The rest of the device works; the camera comes when it can."""
    settings = {"pubinterval": "1", "topic": "porch"}
    with Simulator(tmp_path, broker.uri, settings, ["--device-id", "DVES_000001"]) as camera:
        with Listener(broker.port, "data/porch/#", "tele/porch/#") as client:
            camera.control("camera", fault="raise")
            since = len(client.messages)
            camera.power_cut()
            boots = camera.facts["boots"]
            client.wait("tele/porch/LWT", b"Online", since=since)
            camera.wait_status("camera recovering")
            assert camera.get("/").status_code == 200
            camera.control("camera", fault=None)
            check(client.wait("data/porch/image", since=len(client.messages)).payload)
            assert camera.facts["boots"] == boots


def fails_for_a_while(folder, fault):
    """MQTT, page and console go on and tell; once mended it publishes again soon."""
    with alone(folder) as (camera, client):
        camera.control("camera", fault=fault)
        camera.wait_status("camera recovering (", 15)
        silent_from = len(client.messages)
        start = time.monotonic()
        refused = camera.get("/capture", timeout=15)
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
        assert refused.text.startswith("no picture: ") and len(refused.text) > 15
        assert time.monotonic() - start < 10
        start = time.monotonic()
        assert camera.get("/capture", timeout=15).status_code == 503
        assert time.monotonic() - start < 1  # it is known by now
        assert camera.get("/").status_code == 200
        assert client.ask("pubinterval") == "1"
        assert re.search(r"camera (recovering|ready) \(.+\)", client.ask("status"))
        assert not [m for m in client.messages[silent_from:] if m.topic == IMAGE]
        camera.control("camera", fault=None)
        client.wait(IMAGE, since=len(client.messages), limit_s=20)
        check(camera.get("/capture").content)
        all_good(client)
        health = camera.status("3")
        assert "mqtt connects 1," in health and "restarts 0," in health


def only_taking_its_power_helps(folder, fault):
    with alone(folder) as (camera, client):
        camera.control("camera", fault=fault, until="power_cycle")
        start = time.monotonic()
        camera.wait_output("camera: recovery: power", 30)
        client.wait(IMAGE, since=len(client.messages), limit_s=20)
        assert time.monotonic() - start < 40
        camera.wait_status("camera ready")
        all_good(client)


@contextlib.contextmanager
def alone(folder):
    """(camera, client) with a broker of their own; the first picture is there."""
    with (
        Mosquitto(folder / "broker") as broker,
        Simulator(folder / "camera", broker.uri, {"pubinterval": "1"}) as camera,
        Listener(broker.port) as client,
    ):
        client.wait(IMAGE)
        yield camera, client


def about(tell, fault):
    """`tell(folder, fault)` as a story by the name of both."""

    def told_with(folder):
        tell(folder, fault)

    told_with.__name__ = f"{tell.__name__}_{fault}"
    return told_with


SLOW = [about(fails_for_a_while, fault) for fault in FAULTS]
SLOW += [about(only_taking_its_power_helps, fault) for fault in ("none", "raise", "stall")]


@pytest.mark.parametrize("story", SLOW, ids=name_of)
def test_slow(stories, story):
    stories.end_of(story)
