"""RTSP: the live picture over one TCP connection, with a client that makes JPEGs from RTP."""

import re
import struct
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from browser import DESKTOP, screenshot
from pictures import check
from playwright.sync_api import expect
from rtsp_client import RTSPClient
from sim import Simulator, wait_until

NO_BROKER = "mqtt://127.0.0.1:1"
WORD = "open, Sesame!"
TO_1970_S = 2_208_988_800


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    folder = tmp_path_factory.mktemp("camera")
    with Simulator(folder, NO_BROKER, {"adminpass": WORD, "rtsp": "on"}) as made:
        made.wait_status("camera ready")
        yield made


def status_of(camera):
    answer = httpx.get(camera.url + "/api/status", auth=("", WORD), trust_env=False)
    assert answer.status_code == 200
    return answer.json()


def joined(camera):
    """Return a client that plays."""
    client = RTSPClient(camera.facts["rtsp"], WORD)
    client.play()
    return client


def test_pictures(camera):
    """They arrive whole and in order, with the times of their exposure; then the session ends."""
    wait_until(lambda: status_of(camera)["time_set"], what="the time")
    with joined(camera) as client:
        shown = [client.picture() for _ in range(4)]
        numbers = [check(jpeg) for jpeg, _ in shown]
        assert numbers == sorted(set(numbers))
        steps = [(b - a) & 0xFFFFFFFF for (_, a), (_, b) in zip(shown, shown[1:])]
        assert all(0 < step < 90_000 * 20 for step in steps)
        (report, *_) = client.reports
        assert report[1] == 200
        seconds = struct.unpack(">I", report[8:12])[0] - TO_1970_S
        assert abs(seconds - time.time()) < 30
        status = status_of(camera)
        assert status["rtsp"] == 1 and status["viewers"] == 1
        assert "rtsp 1 playing" in camera.status()
        assert " 200 " in client.request("GET_PARAMETER")[0]
        assert " 200 " in client.request("TEARDOWN")[0]
        client.session = ""
        assert status_of(camera)["rtsp"] == 0
        assert " 454 " in client.request("PLAY")[0]


def watch(client):
    """Receive pictures until the connection ends; return the number of the last one."""
    number = 0
    try:
        while True:
            number = check(client.picture()[0])
    except (EOFError, ConnectionError):
        return number


def test_a_third_client_and_a_change_of_the_setting(camera):
    with joined(camera) as one, joined(camera) as other, ThreadPoolExecutor() as pool:
        watching = [pool.submit(watch, client) for client in (one, other)]
        with RTSPClient(camera.facts["rtsp"], WORD) as third:
            assert third.response()[0].startswith("RTSP/1.0 503 The camera has no RTSP session")
        assert "rtsp 2 playing" in camera.status()
        camera.command("rtsp off")
        assert all(each.result() > 0 for each in watching)
    assert "rtsp" not in camera.status()
    camera.command("rtsp on")
    wait_until(lambda: "rtsp 0 playing" in camera.status(), what="the server")
    with joined(camera) as client:
        check(client.picture()[0])


@pytest.mark.slow
def test_page_has_the_address_while_rtsp_is_on(browser, tmp_path):
    with Simulator(tmp_path, NO_BROKER, {"rtsp": "on"}) as camera:
        with browser.page(camera.url, DESKTOP) as page:
            page.goto("/")
            link = page.locator("#addresses a", has_text=re.compile("^rtsp:"))
            expect(link).to_have_text("rtsp://127.0.0.1/mjpg")
            screenshot(page, "rtsp")
            camera.command("rtsp off")
            expect(link).to_have_count(0)
