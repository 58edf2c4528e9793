"""Camera faults: no bad picture is served, the other services continue, the camera recovers."""

import contextlib
import json
import re
import time

import pytest
from listener import Listener
from mosquitto import Mosquitto
from pictures import check
from probe import NO_BROKER
from scenarios import scenario_name
from sim import TOPIC, Simulator, wait_until

IMAGE = f"data/{TOPIC}/image"
FAULTS = ["raise", "none", "stall", "truncate", "no_soi"]
DRIVERS = ("api", "driver")
BLOCKED_S = 5  # the driver waits up to 4 s for a picture in C, which blocks everything


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
    """Camera without faults."""
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


def check_all(client):
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
    """A bad picture is dropped, and the next one follows at once."""
    since = len(client.messages)
    before = failed(camera)
    client.wait(IMAGE, since=since)
    camera.control("camera", fault=fault, count=1)
    with camera.within(15):  # the driver itself waits 4 s for a stalled sensor
        picture = camera.get("/jpg", timeout=40)
    assert picture.status_code == 200
    check(picture.content)
    failures = failed(camera) - before  # after a stall the restart fails, too
    assert failures == 0 if fault == "padding" else 1 <= failures <= 2
    client.wait(IMAGE, since=len(client.messages))
    check_all(client)
    assert "camera ready" in camera.status()


def test_oversized_picture(camera, client):
    """A picture with 300 KB extra is published completely or not at all, and frees its memory."""
    camera.control("camera", fault="big", count=2)
    page = camera.get("/jpg", timeout=20)
    assert page.status_code == 200
    check(page.content)
    client.wait(IMAGE, since=len(client.messages))
    check_all(client)
    assert "restarts 0," in camera.status("3")


def test_fault_at_start(broker, tmp_path):
    """Everything else works during a fault at the start, and the camera recovers later."""
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


def recovers_after_fault(folder, fault, driver):
    """MQTT, page and console report a fault and keep working; publishing resumes after it."""
    with running(folder, driver) as (camera, client):
        camera.control("camera", fault=fault)
        camera.wait_status("camera recovering (", 40)
        silent_from = len(client.messages)
        with camera.within(10):
            refused = camera.get("/capture", timeout=40)
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
        assert re.search(r"There is no picture: .{3,}\.", refused.text)
        with camera.within(1 if driver == "api" else BLOCKED_S):  # the fault is known
            assert camera.get("/capture", timeout=15).status_code == 503
        assert camera.get("/").status_code == 200
        assert client.command("pubinterval") == "1"
        assert re.search(r"camera (recovering|ready) \(.+\)", client.command("status"))
        assert not [m for m in client.messages[silent_from:] if m.topic == IMAGE]
        camera.control("camera", fault=None)
        client.wait(IMAGE, since=len(client.messages), limit_s=20)
        check(camera.get("/capture").content)
        check_all(client)
        health = camera.status("3")
        assert "mqtt connects 1," in health and "restarts 0," in health


def recovers_after_power_cycle(folder, fault, driver):
    with running(folder, driver) as (camera, client):
        camera.control("camera", fault=fault, until="power_cycle")
        with camera.within(40):
            camera.wait_output("camera: recovery: power", 60)
            client.wait(IMAGE, since=len(client.messages), limit_s=40)
        camera.wait_status("camera ready")
        check_all(client)


@contextlib.contextmanager
def running(folder, driver="api"):
    """Yield (camera, client) with a separate broker, after the first picture."""
    args = ["--driver", driver]
    with (
        Mosquitto(folder / "broker") as broker,
        Simulator(folder / "camera", broker.uri, {"pubinterval": "1"}, args) as camera,
        Listener(broker.port) as client,
    ):
        client.wait(IMAGE)
        yield camera, client


def sensor_is_absent(folder, driver):
    """A board without a sensor reports it, does everything else and detects the sensor later."""
    with running(folder, driver) as (camera, client):
        camera.control("camera", fault="absent")
        since = len(client.messages)
        camera.power_cut()
        boots, logged = camera.facts["boots"], len(camera.output)
        client.wait(f"tele/{TOPIC}/LWT", b"Online", since=since)
        check_absent(camera, client, "no sensor answers")
        for _ in range(20):  # repeated detection logs nothing new
            assert camera.get("/capture", timeout=15).status_code == 503
            time.sleep(0.2)
        # one log line, two replies to `status`
        assert camera.output[logged:].count("no sensor answers") <= 3
        assert not re.search(r"^E \(\d+\)", camera.output[logged:], re.M)  # ESP-IDF's log
        camera.control("camera", fault=None)
        check(client.wait(IMAGE, since=len(client.messages), limit_s=40).payload)
        camera.wait_status("camera ready")
        assert camera.facts["boots"] == boots


def fresh_after_a_rest(folder, driver, captures):
    """After a rest, a picture is exposed after its request, with as few captures as possible."""
    frame_s = 0.08  # of UXGA
    args = ["--driver", driver]
    with Simulator(folder, NO_BROKER, {"pubinterval": "0"}, args, fast=False) as camera:
        camera.wait_status("camera ready")
        number = check(camera.get("/capture").content)
        for _ in range(3):
            before, rested = camera.control("frames")["captured"], time.monotonic()
            time.sleep(1)
            rested = time.monotonic() - rested
            newer = check(camera.get("/capture").content)
            assert (newer - number) * frame_s >= rested
            number = newer
            assert camera.control("frames")["captured"] - before == captures


def driver_is_absent(folder):
    """A firmware without camera driver still has power switch, clock, MQTT, page and console."""
    args = ["--driver", "none", "--device-id", "DVES_000002"]
    settings = {"pubinterval": "1"}
    with (
        Mosquitto(folder / "broker") as broker,
        Simulator(folder / "camera", broker.uri, settings, args) as camera,
        Listener(broker.port) as client,
    ):
        client.wait(f"stat/{TOPIC}/timer")
        check_absent(camera, client, "no camera driver in this firmware")
        assert camera.facts["boots"] == 1


def check_absent(camera, client, why):
    """Check that all interfaces report why there is no picture and that everything else works."""
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
    status = json.loads(camera.get("/api/status").text)["camera"]
    assert (status["state"], status["reason"]) == ("absent", why)
    reply = client.command("camera", '{"vflip": "1"}', reply="SYNTAX").splitlines()[0]
    assert reply == f"camera: the camera is absent: {why}"
    assert json.loads(client.command("camera"))["vflip"] == 0
    assert camera.get("/").status_code == 200
    assert client.command("power", "on") == "on"
    assert camera.command("pulse 7") == "7"
    assert not [m for m in client.messages[since:] if m.topic == IMAGE]
    assert "restarts 0," in camera.status("3")


def bind(scenario, *arguments):
    """Bind arguments to a scenario and append them to its name."""

    def run(folder):
        scenario(folder, *arguments)

    run.__name__ = "_".join([scenario.__name__, *map(str, arguments)])
    return run


SLOW = [bind(recovers_after_fault, fault, "api") for fault in FAULTS]
SLOW += [bind(recovers_after_fault, fault, "driver") for fault in ("stall", "no_soi")]
SLOW += [bind(recovers_after_power_cycle, fault, "api") for fault in ("none", "raise", "stall")]
SLOW += [bind(recovers_after_power_cycle, "stall", "driver"), driver_is_absent]
SLOW += [bind(sensor_is_absent, driver) for driver in DRIVERS]
SLOW += [bind(fresh_after_a_rest, "api", 2), bind(fresh_after_a_rest, "driver", 3)]


@pytest.mark.parametrize("scenario", SLOW, ids=scenario_name)
def test_slow(scenarios, scenario):
    scenarios.wait_for(scenario)
