"""Camera faults at the start and later: other services continue, and the camera recovers."""

import functools
import json
import re
import time

import pytest
from camerarun import DRIVERS, IMAGE, check_all, failed, running
from listener import Listener
from mosquitto import Mosquitto
from pictures import check
from sidebyside import inject
from sim import TOPIC, Simulator, wait_until

FAULTS = ("raise", "none", "empty", "stall", "truncate", "no_soi")
BRIEF = ("raise", "none", "empty", "truncate")  # those that do not block the driver
BLOCKED_S = 5  # the driver waits up to 4 s for a picture in C, which blocks everything
HEALED_S = 60


# C1


def fault_at_start(driver, fault, count, folder):
    """Everything else works during a fault at the start, and the camera recovers later."""
    with running(folder, driver) as (camera, client):
        camera.control("camera", fault=fault, count=count)
        since, logged = len(client.messages), len(camera.output)
        camera.power_cut()
        boots = camera.facts["boots"]
        client.wait(f"tele/{TOPIC}/LWT", b"Online", since=since)
        if not count:
            wait_until(lambda: re.search("camera (recovering|absent)", camera.status()))
            assert camera.get("/").status_code == 200
            if fault == "absent":
                check_absent(camera, client, "no sensor answers", "Try again in a moment.")
                check_quiet(camera, logged)
            camera.control("camera", fault=None)
        since = len(client.messages)
        check(client.wait(IMAGE, since=since, limit_s=HEALED_S).payload)
        camera.wait_status("camera ready")
        assert camera.facts["boots"] == boots
        assert "restarts 0," in camera.status("3")


def check_quiet(camera, since):
    """Check that repeated detection logs nothing new."""
    for _ in range(20):
        assert camera.get("/capture", timeout=15).status_code == 503
        time.sleep(0.2)
    assert camera.output[since:].count("camera: ! no sensor answers") == 1
    assert not re.search(r"^E \(\d+\)", camera.output[since:], re.M)  # ESP-IDF's log


def check_absent(camera, client, why, advice):
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
    assert f"There is no picture: {why}. {advice}" in refused.text
    assert ("Retry-After" in refused.headers) == ("moment" in advice)
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


def driver_is_absent(folder):
    """A firmware without camera driver still has power switch, clock, MQTT, page and console."""
    with (
        Mosquitto(folder / "broker") as broker,
        Simulator(folder / "camera", broker.uri, args=["--driver", "none"]) as camera,
        Listener(broker.port) as client,
    ):
        client.wait(f"stat/{TOPIC}/timer")
        why, advice = "no camera driver in this firmware", "Trying again does not help"
        check_absent(camera, client, why, advice)
        assert camera.facts["boots"] == 1


@pytest.mark.slow
def test_c1_sensor_fails_at_the_start(row, tmp_path):
    """The camera retries while everything else works; no fault restarts the board."""
    starts = [(driver, "raise", 3) for driver in DRIVERS]
    starts += [(driver, "absent", None) for driver in DRIVERS]
    starts += [("api", "raise", None), ("driver", "none", None), ("api", "stall", None)]
    cases = {"_".join(map(str, each)): functools.partial(fault_at_start, *each) for each in starts}
    cases["no_driver"] = driver_is_absent
    inject(row, tmp_path, cases)


# C2


def one_bad_picture(camera, client, fault):
    """A bad picture is dropped, and the next one follows at once."""
    since, before = len(client.messages), failed(camera)
    client.wait(IMAGE, since=since)
    camera.control("camera", fault=fault, count=1)
    with camera.within(15):  # the driver itself waits 4 s for a stalled sensor
        picture = camera.get("/jpg", timeout=40)
    assert picture.status_code == 200
    check(picture.content)
    failures = failed(camera) - before  # after a stall the restart fails, too
    assert 1 <= failures <= 2
    client.wait(IMAGE, since=len(client.messages))
    check_all(client, since)
    assert "camera ready" in camera.status()


def bad_pictures(driver, faults, folder):
    with running(folder, driver) as (camera, client):
        for fault in faults:
            one_bad_picture(camera, client, fault)


def recovers_after_fault(driver, fault, folder):
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


def recovers_after_power_cycle(driver, fault, folder):
    with running(folder, driver) as (camera, client):
        camera.control("camera", fault=fault, until="power_cycle")
        with camera.within(40):
            camera.wait_output("camera: recovery: power", 60)
            client.wait(IMAGE, since=len(client.messages), limit_s=40)
        camera.wait_status("camera ready")
        check_all(client)


@pytest.mark.slow
def test_c2_capture_fails(row, tmp_path):
    """A single bad picture goes unnoticed; a lasting fault is reported until it ends."""
    if not row.full:
        return inject(row, tmp_path, {"one": functools.partial(bad_pictures, "api", BRIEF)})
    lasting = [("api", fault) for fault in FAULTS] + [("driver", "stall"), ("driver", "no_soi")]
    cycled = [("api", fault) for fault in ("none", "raise", "stall")] + [("driver", "stall")]
    cases = {
        "one_api": functools.partial(bad_pictures, "api", FAULTS),
        "one_driver": functools.partial(bad_pictures, "driver", ("none", "truncate")),
    }
    for scenario, rows in ((recovers_after_fault, lasting), (recovers_after_power_cycle, cycled)):
        for each in rows:
            cases["_".join((scenario.__name__, *each))] = functools.partial(scenario, *each)
    inject(row, tmp_path, cases)
