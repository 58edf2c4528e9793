"""tools/live.py: the live view of a camera in pages and streams, through a real broker."""

import contextlib
import re
import signal
import subprocess
import sys

import httpx
import pytest
from browser import DESKTOP, screenshot
from pictures import Viewer, check
from playwright.sync_api import expect
from sim import ROOT, wait_until

QVGA = (320, 240)


@contextlib.contextmanager
def tool(broker, camera, *options):
    """Run the program; yield it and the address of its page."""
    line = [sys.executable, "-u", ROOT / "tools" / "live.py", "--broker", broker.uri]
    line += ["--device", camera.facts["device_id"], "--port", "0", *options]
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True) as process:
        try:
            url = re.search(r"http://127\.0\.0\.1:\d+/", process.stderr.readline())[0]
            yield process, url
        finally:
            process.kill()


def state(url):
    return httpx.get(url + "state", trust_env=False).json()


def test_two_viewers_see_the_newest_picture_until_ctrl_c(camera, broker):
    with tool(broker, camera, "--fps", "20") as (process, url):
        assert state(url)["number"] == 0 and camera.command("live") == "0"
        port = int(url.split(":")[2].strip("/"))
        with Viewer(port, "/live.mjpg") as one, Viewer(port, "/live.mjpg") as other:
            for viewer in (one, other):
                assert viewer.head()[1]["content-type"].startswith("multipart/x-mixed-replace")
                numbers = [check(viewer.part()[1], QVGA) for _ in range(3)]
                assert numbers == sorted(set(numbers))
            assert int(camera.command("live")) > 20
            now = wait_until(lambda: (found := state(url))["fps"] > 1 and found)
            assert now["problem"] == "" and 0 <= now["age_s"] < 10 and now["bytes"] > 1_000
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0
        wait_until(lambda: camera.command("live") == "0", what="the end")


@pytest.mark.slow
def test_page_in_two_tabs(camera, broker, browser):
    with tool(broker, camera) as (process, url), browser.page(url, DESKTOP) as page:
        page.goto("/")
        expect(page.locator("#figures")).to_contain_text("pictures per second")
        other = page.context.new_page()
        other.goto("/")
        expect(other.locator("#figures")).to_contain_text("pictures per second")
        page.bring_to_front()
        shown = "document.getElementById('picture').naturalWidth"
        wait_until(lambda: page.evaluate(shown) == other.evaluate(shown) == QVGA[0])
        screenshot(page, "live-view")
        camera.command("privacy on")
        expect(page.locator("#problem")).to_have_text("No picture: privacy is on.")
        screenshot(page, "live-view-privacy")
        camera.command("privacy off")
        before = state(url)["number"]
        wait_until(lambda: state(url)["number"] > before, what="pictures after privacy")
        expect(page.locator("#problem")).to_be_hidden()
        for each in (page, other):
            each.goto("about:blank")
        wait_until(lambda: camera.command("live") == "0", what="the end without a viewer")
        assert process.poll() is None


@pytest.mark.slow
def test_it_outlasts_a_restart_of_the_broker(camera, broker):
    with tool(broker, camera) as (_, url):
        port = int(url.split(":")[2].strip("/"))
        with Viewer(port, "/live.mjpg") as viewer:
            viewer.head()
            viewer.part()
            broker.restart()
            before = state(url)["number"]
            wait_until(lambda: state(url)["number"] > before + 3, 40, "pictures again")
