"""The camera's page in Chromium."""

import contextlib
import re

import pytest
from browser import DESKTOP, PHONE, Browser, assert_accessible, assert_fits, screenshot
from playwright.sync_api import expect
from sim import Simulator, wait_until
from viewer import Viewer

NO_BROKER = "mqtt://127.0.0.1:1"
TABS = ["status", "picture", "settings", "log", "firmware"]
WORD = "open, sesame!"


@pytest.fixture(scope="module")
def browser():
    with Browser() as made:
        yield made


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    # in real time, because a stream at full speed would keep the browser busy
    with Simulator(tmp_path_factory.mktemp("camera"), NO_BROKER, fast=False) as made:
        made.command('camera {"framesize": "VGA"}')
        yield made


def wait_for_picture(page):
    page.wait_for_selector("#live")
    # evaluate() bypasses the content security policy
    width = "document.getElementById('live').naturalWidth"
    wait_until(lambda: page.evaluate(width) > 100, 10, "a picture")


def api(page, path):
    return page.request.get("/api/" + path).json()


def parameter(page, name):
    rows = api(page, "camera")["parameters"]
    return next(row["value"] for row in rows if row["name"] == name)


# The camera's page


@pytest.mark.parametrize("name", ["desktop-light", "phone-dark"])
def test_every_tab_fits_and_is_accessible(browser, camera, name):
    size = PHONE if "phone" in name else DESKTOP
    scheme = name.partition("-")[2]
    with browser.page(camera.url, size, color_scheme=scheme) as page:
        page.goto("/")
        wait_for_picture(page)
        for tab in TABS:
            page.click(f"#tab-{tab}")
            expect(page.locator(f"#{tab}")).to_be_visible()
            filled = {"picture": "#controls input", "settings": "#rows input", "log": "#lines"}
            expect(page.locator(filled.get(tab, f"#{tab} dl")).first).to_be_visible()
            assert_fits(page)
            assert_accessible(page)
            screenshot(page, f"camera-{tab}-{name}")


def test_controls_change_the_picture(browser, camera):
    with browser.page(camera.url) as page:
        page.goto("/")
        page.click("#tab-picture")
        names = {row["name"] for row in api(page, "camera")["parameters"]}
        shown = page.eval_on_selector_all("#controls [name]", "(all) => all.map((e) => e.name)")
        assert set(shown) == names
        page.locator("#p-contrast").focus()
        page.keyboard.press("ArrowRight")
        expect(
            page.locator(".control", has=page.locator("#p-contrast")).locator("output")
        ).to_have_text("1")
        wait_until(lambda: parameter(page, "contrast") == 1)
        page.get_by_role("switch", name="Mirror").click()
        wait_until(lambda: parameter(page, "hmirror") == 1)
        page.select_option("#p-special_effect", label="Sepia")
        wait_until(lambda: parameter(page, "special_effect") == 6)
        page.click("text=Save for the next start")
        expect(page.locator("#toast")).to_contain_text("Saved for")
        assert "hmirror" in str(camera.control("nvs"))
        page.request.post("/api/camera", data={"contrast": 0, "hmirror": 0, "special_effect": 0})


def test_power_and_timer(browser, camera):
    with browser.page(camera.url) as page:
        page.goto("/")
        power = page.get_by_role("switch", name="Power")
        power.click()
        wait_until(lambda: camera.command("power") == "on")
        page.select_option("#timer", label="for 5 minutes")
        wait_until(lambda: camera.command("timer") == "5")
        expect(power).to_be_checked()
        power.click()
        page.select_option("#timer", "")
        camera.command("power off")
        expect(power).not_to_be_checked()


def test_snapshot_pause_and_viewer_count(browser, camera):
    with browser.page(camera.url) as page:
        page.goto("/")
        wait_for_picture(page)
        wait_until(lambda: api(page, "status")["viewers"] == 1)
        with page.expect_download() as found:
            page.click("#snapshot")
        assert re.fullmatch(r"camera-[\d-]+\.jpg", found.value.suggested_filename)
        page.click("#pause")
        expect(page.locator("#overlay")).to_have_text("Paused")
        wait_until(lambda: api(page, "status")["viewers"] == 0)
        page.click("#pause")
        wait_until(lambda: api(page, "status")["viewers"] == 1)


def test_viewer_over_the_limit_gets_a_free_slot_later(browser, camera):
    with contextlib.ExitStack() as stack:
        viewers = [stack.enter_context(Viewer(camera.url)) for _ in range(4)]
        with browser.page(camera.url) as page:
            page.goto("/")
            expect(page.locator("#overlay")).to_contain_text("There are 4 viewers already")
            viewers[0].close()
            wait_for_picture(page)
            expect(page.locator("#overlay")).to_be_hidden()


def test_tabs_by_keyboard(browser, camera):
    with browser.page(camera.url) as page:
        page.goto("/")
        page.locator("#tab-status").focus()
        for tab in [*TABS[1:], TABS[0]]:
            page.keyboard.press("ArrowRight")
            expect(page.locator(f"#tab-{tab}")).to_be_focused()
            expect(page.locator(f"#{tab}")).to_be_visible()


def test_camera_failure_is_shown(browser, camera):
    with browser.page(camera.url) as page:
        page.goto("/")
        camera.control("camera", fault="raise")
        try:
            expect(page.locator("#summary")).to_contain_text("recovering", timeout=15_000)
            expect(page.locator("#overlay")).to_be_visible()
        finally:
            camera.control("camera", fault=None)
        wait_for_picture(page)


def test_unknown_page(browser, camera):
    with browser.page(camera.url, PHONE) as page:
        page.goto("/nothing")
        expect(page.get_by_role("heading")).to_have_text("There is no such page.")
        assert_accessible(page)
        screenshot(page, "no-such-page")


# With a password


def test_login(browser, tmp_path):
    with Simulator(tmp_path / "guarded", NO_BROKER, {"adminpass": WORD}) as camera:
        with browser.page(camera.url, PHONE) as page:
            page.goto("/setup")
            expect(page).to_have_url(re.compile(r"/login\?next=/setup"))
            assert_accessible(page)
            screenshot(page, "login")
            page.fill("#password", "not the one")
            page.keyboard.press("Enter")
            expect(page.get_by_role("alert")).to_contain_text("Wrong password")
            page.fill("#password", WORD)
            page.keyboard.press("Enter")
            expect(page.get_by_role("heading", name="Set up the camera")).to_be_visible()
            page.click("text=Live picture")
            wait_for_picture(page)
            page.click("text=Log out")
            expect(page).to_have_url(re.compile("/login"))
            page.goto("/")
            expect(page).to_have_url(re.compile("/login"))
