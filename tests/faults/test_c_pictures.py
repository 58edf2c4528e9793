"""Pictures: damaged, oversized, stale, and taken while settings change."""

import contextlib
import functools
import json
import re
import threading
import time

import httpx
import pytest
from camerarun import IMAGE, check_all, failed, running
from pictures import check
from sidebyside import inject
from sim import TOPIC, Simulator, wait_until
from viewer import Viewer

NO_BROKER = "mqtt://127.0.0.1:1"
DAMAGE = ("no_soi", "no_eoi", "truncate", "padding", "ones")
WHOLE = ("padding", "ones")  # the picture is whole without what follows it
FRAME_S = 0.08  # of UXGA


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with running(tmp_path_factory.mktemp("shared")) as (camera, client):
        yield camera, client


@pytest.fixture
def camera(shared):
    """Camera without faults."""
    camera = shared[0]
    camera.control("camera", fault=None)
    wait_until(lambda: camera.get("/jpg", timeout=20).status_code == 200, 30, "a picture")
    return camera


@pytest.fixture
def client(shared):
    return shared[1]


# C3, C4


@contextlib.contextmanager
def small_pictures(camera, client):
    """Set QVGA pictures, which the PC draws and decodes faster."""
    client.command("camera", '{"framesize": "QVGA"}')
    camera.get("/capture")
    yield (320, 240)
    client.command("camera", '{"framesize": "UXGA"}')
    camera.get("/capture")


def test_c3_damaged_picture(row, camera, client):
    """A picture without its start or end is never served; bytes after its end are cut off."""
    before, damaged = failed(camera), 0
    with small_pictures(camera, client) as size:
        since = client.catch_up()
        for _ in range(row.times(1_000, 10)):
            kind = row.chance.choice(DAMAGE)
            damaged += kind not in WHOLE
            with row.injection(kind):
                camera.control("camera", fault=kind, count=1)
                check(camera.get("/capture", timeout=20).content, size)
        client.wait(IMAGE, since=client.catch_up())
        check_all(client, since, size)
    row.figure("damaged pictures detected", failed(camera) - before)
    assert failed(camera) - before >= damaged


def test_c4_oversized_picture(row, camera, client):
    """A picture that is too large is dropped and reported; one with 300 KB more is served."""
    for kind in ("big", "huge"):
        with row.injection(kind):
            logged, since = len(camera.output), len(client.messages)
            camera.control("camera", fault=kind, count=2)
            page = camera.get("/jpg", timeout=20)
            assert page.status_code == 200
            check(page.content)
            client.wait(IMAGE, since=len(client.messages))
            check_all(client, since)
            reported = re.search("(frames|camera): ! ", camera.output[logged:])
            assert bool(reported) == (kind == "huge")
            assert "restarts 0," in camera.status("3")


# C5


def fresh_after_a_rest(driver, captures, folder):
    """A picture is exposed after its request, with as few captures as possible."""
    args = ["--driver", driver]
    with Simulator(folder, NO_BROKER, {"pubinterval": "0"}, args, fast=False) as camera:
        camera.wait_status("camera ready")
        number = check(camera.get("/capture").content)
        for change in (None, None, '{"vflip": 1}', '{"brightness": 2, "vflip": 0}'):
            before, rested = camera.control("frames")["captured"], time.monotonic()
            time.sleep(1)
            if change:
                camera.command("camera " + change)
            rested = time.monotonic() - rested
            newer = check(camera.get("/capture").content)
            assert (newer - number) * FRAME_S >= rested
            number = newer
            if not change:
                assert camera.control("frames")["captured"] - before == captures


@pytest.mark.slow
def test_c5_stale_picture(row, tmp_path):
    """After a pause or a change of settings, each picture was exposed after its request."""
    cases = (("api", 2), ("driver", 3))  # pictures that were exposed before count
    inject(
        row, tmp_path, {each[0]: functools.partial(fresh_after_a_rest, *each) for each in cases}
    )
    row.figure("largest age of a picture", FRAME_S, "s")


# C6


def change_in_turn(command, name, values, results):
    results[name] = [(value, command(f'{{"{name}": {value}}}')) for value in values]


def test_c6_settings_changed_during_a_capture(row, camera, client):
    """Two channels change parameters while a viewer watches; each gets its own replies."""
    count = row.times(100, 20)
    values = [row.chance.randrange(-2, 3) for _ in range(count)]
    results = {}

    def by_http(text):
        body = {"command": "camera", "argument": text}
        return httpx.post(camera.url + "/api/command", json=body, timeout=20).json()["reply"]

    def by_mqtt(text):
        wanted = json.loads(text).items()
        since = client.catch_up()
        client.publish(f"cmnd/{TOPIC}/camera", text)
        return client.wait(  # the other channel's changes appear on this topic, too
            f"stat/{TOPIC}/camera",
            lambda message: json.loads(message.payload).items() >= wanted,
            since=since,
        ).payload

    channels = {"contrast": by_http, "brightness": by_mqtt}
    with small_pictures(camera, client), Viewer(camera.url):
        threads = [
            threading.Thread(target=change_in_turn, args=(command, name, values, results))
            for name, command in channels.items()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for name in channels:
            for value, reply in results[name]:
                with row.injection(f"{name} {value}"):
                    assert json.loads(reply)[name] == value
        found = json.loads(client.command("camera"))
        assert (found["contrast"], found["brightness"]) == (values[-1], values[-1])
    assert "restarts 0," in camera.status("3")
    client.command("camera", '{"contrast": 0, "brightness": 0}')
