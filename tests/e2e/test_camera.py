"""A camera that fails in every way: nothing bad is shown, nothing else stops, it comes back."""

import contextlib
import json
import re
import time

import pytest
from listener import Listener
from mosquitto import Mosquitto
from pictures import check
from scenarios import scenario_name
from sim import TOPIC, Simulator, wait_until

IMAGE = f"data/{TOPIC}/image"
FAULTS = ["raise", "none", "stall", "truncate", "no_soi"]
DRIVERS = ("api", "driver")
HELD_UP_S = 5  # by a driver that waits for a picture inside C: 4 s, and nothing else goes on


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Mosquitto(tmp_path_factory.mktemp("broker")) as made:
        yield made


@pytest.fixture(scope="module", params=DRIVERS)
def shared(request, broker, tmp_path_factory):
    folder, args = tmp_path_factory.mktemp("camera"), ["--driver", request.param]
    with Simulator(folder, broker.uri, {"pubinterval": "1"}, args) as made:
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


@pytest.mark.parametrize(
    ("shared", "fault"),
    [
        *(("api", fault) for fault in (*FAULTS, "padding")),
        *(("driver", fault) for fault in ("none", "truncate", "padding")),
    ],
    indirect=["shared"],
)
def test_one_bad_picture(camera, client, fault):
    """The next one comes at once, and nobody sees the bad one."""
    since = len(client.messages)
    before = failed(camera)
    client.wait(IMAGE, since=since)
    camera.control("camera", fault=fault, count=1)
    with camera.within(15):  # the driver itself waits 4 s for a stalled sensor
        picture = camera.get("/jpg", timeout=40)
    assert picture.status_code == 200
    check(picture.content)
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


def fails_for_a_while(folder, fault, driver):
    """MQTT, page and console go on and tell; once mended it publishes again soon."""
    with alone(folder, driver) as (camera, client):
        camera.control("camera", fault=fault)
        camera.wait_status("camera recovering (", 40)
        silent_from = len(client.messages)
        with camera.within(10):
            refused = camera.get("/capture", timeout=40)
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
        assert re.search(r"There is no picture: .{3,}\.", refused.text)
        with camera.within(1 if driver == "api" else HELD_UP_S):  # it is known
            assert camera.get("/capture", timeout=15).status_code == 503
        assert camera.get("/").status_code == 200
        assert client.command("pubinterval") == "1"
        assert re.search(r"camera (recovering|ready) \(.+\)", client.command("status"))
        assert not [m for m in client.messages[silent_from:] if m.topic == IMAGE]
        camera.control("camera", fault=None)
        client.wait(IMAGE, since=len(client.messages), limit_s=20)
        check(camera.get("/capture").content)
        all_good(client)
        health = camera.status("3")
        assert "mqtt connects 1," in health and "restarts 0," in health


def only_taking_its_power_helps(folder, fault, driver):
    with alone(folder, driver) as (camera, client):
        camera.control("camera", fault=fault, until="power_cycle")
        with camera.within(40):
            camera.wait_output("camera: recovery: power", 60)
            client.wait(IMAGE, since=len(client.messages), limit_s=40)
        camera.wait_status("camera ready")
        all_good(client)


@contextlib.contextmanager
def alone(folder, driver="api"):
    """(camera, client) with a broker of their own; the first picture is there."""
    args = ["--driver", driver]
    with (
        Mosquitto(folder / "broker") as broker,
        Simulator(folder / "camera", broker.uri, {"pubinterval": "1"}, args) as camera,
        Listener(broker.port) as client,
    ):
        client.wait(IMAGE)
        yield camera, client


def is_not_there(folder, driver):
    """A board without a sensor starts, says so, does all else, and finds it once it is there."""
    with alone(folder, driver) as (camera, client):
        camera.control("camera", fault="absent")
        since = len(client.messages)
        camera.power_cut()
        boots, logged = camera.facts["boots"], len(camera.output)
        client.wait(f"tele/{TOPIC}/LWT", b"Online", since=since)
        missing(camera, client, "no sensor answers")
        for _ in range(20):  # it is looked for meanwhile, and that is no news
            assert camera.get("/capture", timeout=15).status_code == 503
            time.sleep(0.2)
        assert camera.output[logged:].count("no sensor answers") <= 3  # a line, twice in `status`
        camera.control("camera", fault=None)
        check(client.wait(IMAGE, since=len(client.messages), limit_s=40).payload)
        camera.wait_status("camera ready")
        assert camera.facts["boots"] == boots


def has_no_module(folder):
    """A firmware without a camera module is a switch with a clock, MQTT, page and console."""
    args = ["--driver", "none", "--device-id", "DVES_000002"]
    settings = {"pubinterval": "1"}
    with (
        Mosquitto(folder / "broker") as broker,
        Simulator(folder / "camera", broker.uri, settings, args) as camera,
        Listener(broker.port) as client,
    ):
        client.wait(f"stat/{TOPIC}/timer")
        missing(camera, client, "no camera driver in this firmware")
        assert camera.facts["boots"] == 1


def missing(camera, client, why):
    """Status, telemetry, page and command say why there is no picture; everything else works."""
    assert f"camera absent ({why})" in camera.wait_status("camera absent")
    since = len(client.messages)
    client.command("status")
    state = json.loads(client.wait(f"tele/{TOPIC}/STATE", since=since).payload)
    assert state["Camera"]["State"] == "absent"
    assert state["LastError"] == f"camera: {why}"
    with camera.within(1):
        refused = camera.get("/capture")
    assert refused.status_code == 503
    assert f"There is no picture: {why}." in refused.text
    assert f"There is no picture: {why}." in camera.get("/mjpg").text
    told = json.loads(camera.get("/api/status").text)["camera"]
    assert (told["state"], told["reason"]) == ("absent", why)
    answer = client.command("camera", '{"vflip": "1"}', reply="SYNTAX").splitlines()[0]
    assert answer == f"camera: the camera is absent: {why}"
    assert json.loads(client.command("camera"))["vflip"] == 0
    assert camera.get("/").status_code == 200
    assert client.command("power", "on") == "on"
    assert camera.command("pulse 7") == "7"
    assert not [m for m in client.messages[since:] if m.topic == IMAGE]
    assert "restarts 0," in camera.status("3")


def about(tell, *arguments):
    """`tell(folder, *arguments)` as a scenario by all their names."""

    def told_with(folder):
        tell(folder, *arguments)

    told_with.__name__ = "_".join([tell.__name__, *arguments])
    return told_with


SLOW = [about(fails_for_a_while, fault, "api") for fault in FAULTS]
SLOW += [about(fails_for_a_while, fault, "driver") for fault in ("stall", "no_soi")]
SLOW += [about(only_taking_its_power_helps, fault, "api") for fault in ("none", "raise", "stall")]
SLOW += [about(only_taking_its_power_helps, "stall", "driver"), has_no_module]
SLOW += [about(is_not_there, driver) for driver in DRIVERS]


@pytest.mark.parametrize("scenario", SLOW, ids=scenario_name)
def test_slow(scenarios, scenario):
    scenarios.wait_for(scenario)
