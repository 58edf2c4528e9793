"""The camera's page in Chromium: the picture, the lamp, the tabs Status and Picture."""

import contextlib
import re

import pytest
from browser import (
    DESKTOP,
    PHONE,
    SCREENSHOTS,
    assert_accessible,
    assert_fits,
    screenshot,
    wait_for_picture,
)
from playwright.sync_api import expect
from sim import Simulator, wait_until
from viewer import Viewer

NO_BROKER = "mqtt://127.0.0.1:1"
TABS = ["status", "picture", "settings", "log", "firmware"]
SMALL, LARGE = {"width": 320, "height": 640}, {"width": 1920, "height": 1080}
PIXELS = "document.getElementById('live').toDataURL()"
SIZE = "[document.getElementById('live').width, document.getElementById('live').height]"
BOX = "JSON.stringify(document.getElementById('frame').getBoundingClientRect())"


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    # in real time, because a stream at full speed would keep the browser busy
    with Simulator(tmp_path_factory.mktemp("camera"), NO_BROKER, fast=False) as made:
        made.command('camera {"framesize": "VGA", "save_to_nvs": 1}')
        yield made


@pytest.fixture
def page(browser, camera):
    with browser.page(camera.url) as made:
        made.goto("/")
        wait_for_picture(made)
        yield made


def viewers(page):
    return page.request.get("/api/status").json()["viewers"]


def parameter(page, name):
    rows = page.request.get("/api/camera").json()["parameters"]
    return next(row["value"] for row in rows if row["name"] == name)


def overlay(page):
    return page.locator("#overlay")


def open_picture_tab(page):
    page.click("#tab-picture")
    expect(page.locator("#p-quality")).to_be_visible()


# The picture


def test_pause_freezes_what_is_shown(page, camera):
    expect(page.locator("#badge")).to_have_text("LIVE")
    expect(overlay(page)).to_be_hidden()
    assert page.evaluate(SIZE) == [640, 480]
    wait_until(lambda: viewers(page) == 1)
    page.get_by_role("button", name="Pause").click()
    frozen = page.evaluate(PIXELS)
    expect(page.locator("#badge")).to_have_text("Paused")
    expect(page.locator("#age")).to_have_text(re.compile(r"picture from \d s ago"))
    wait_until(lambda: viewers(page) == 0)
    camera.get("/capture")  # the camera goes on
    with page.expect_download() as found:
        page.get_by_role("button", name="Snapshot", exact=True).click()
    assert re.fullmatch(r"camera-[\d-]+\.jpg", found.value.suggested_filename)
    saved = found.value.path().read_bytes()
    assert saved[:2] == b"\xff\xd8" and saved[-2:] == b"\xff\xd9"
    expect(page.locator("#age")).to_have_text(re.compile(r"picture from [2-9] s ago"))
    assert page.evaluate(PIXELS) == frozen
    screenshot(page, "paused")
    page.get_by_role("button", name="Resume").press("Enter")
    wait_for_picture(page)
    wait_until(lambda: page.evaluate(PIXELS) != frozen)


@pytest.mark.slow
def test_zoom_and_rotation_are_remembered(page, camera):
    extent = "document.getElementById('stage').scrollWidth"
    width = page.evaluate(extent)
    page.get_by_role("button", name="Zoom in").click()
    assert page.evaluate(extent) == pytest.approx(1.5 * width, abs=2)
    page.locator("#stage").focus()
    before = page.evaluate("document.getElementById('stage').scrollTop")
    page.keyboard.press("ArrowDown")
    wait_until(lambda: page.evaluate("document.getElementById('stage').scrollTop") > before)
    page.get_by_role("button", name="Turn by 90 degrees").click()
    assert page.evaluate(SIZE) == [480, 640]
    assert_accessible(page)
    screenshot(page, "zoomed-and-turned")
    page.reload()
    wait_until(lambda: page.evaluate(SIZE) == [480, 640])
    expect(page.locator("#frame.zoomed.turned")).to_be_visible()
    page.get_by_role("button", name="Zoom out").click()
    expect(page.get_by_role("button", name="Zoom in")).to_be_focused()  # the other is disabled
    for expected in ([640, 480], [480, 640], [640, 480]):
        page.get_by_role("button", name="Turn by 90 degrees").click()
        assert page.evaluate(SIZE) == expected
    assert parameter(page, "hmirror") == parameter(page, "vflip") == 0


def test_the_whole_picture_fits_in_every_size(browser, camera):
    with browser.page(camera.url, LARGE) as page:
        page.clock.install()
        page.goto("/")
        wait_for_picture(page)
        box = page.evaluate(BOX)
        page.request.post("/api/camera", data={"framesize": "240X240"})
        wait_until(lambda: page.evaluate(SIZE) == [240, 240])
        assert page.evaluate(BOX) == box
        page.request.post("/api/camera", data={"framesize": "VGA"})
        page.get_by_role("button", name="Full screen").click()
        leave = page.get_by_role("button", name="Leave full screen")
        bar = page.locator("#bar")
        page.clock.fast_forward(5_000)
        expect(bar).to_have_css("opacity", "0")  # it would hide a part of the picture
        page.mouse.move(500, 500)
        expect(bar).to_have_css("opacity", "1")
        expect(leave).to_be_in_viewport(ratio=1)
        expect(page.get_by_role("switch", name="Lamp")).to_be_in_viewport(ratio=1)
        canvas = page.locator("#live").bounding_box()
        assert canvas == {"x": 0, "y": 0, **LARGE}
        assert page.locator("#live").evaluate("(e) => getComputedStyle(e).objectFit") == "contain"
        screenshot(page, "full-screen")
        leave.click()
        expect(page.get_by_role("button", name="Full screen", exact=True)).to_be_visible()


@pytest.mark.slow
def test_picture_without_javascript(browser, camera):
    with browser.page(camera.url, PHONE, java_script_enabled=False) as page:
        page.goto("/", wait_until="commit")  # the stream never ends
        picture = page.get_by_alt_text("Live picture of the camera")
        wait_until(lambda: picture.evaluate("(e) => e.naturalWidth") == 640)
        expect(picture).to_be_visible()
        expect(page.locator(".spinner")).to_be_hidden()
        expect(page.get_by_role("link", name="a snapshot")).to_be_visible()
        page.screenshot(path=SCREENSHOTS / "no-javascript.png")


@pytest.mark.slow
def test_a_camera_that_does_not_answer_looks_offline(page, camera):
    open_picture_tab(page)
    camera.control("power_cut")
    expect(page.locator("#badge")).to_have_text("Offline")
    expect(page.locator("#summary")).to_contain_text("Offline since")
    expect(page).to_have_title("Offline: esp32-mqtt-cam")
    expect(page.locator("#figures dd").first).to_have_text("Offline")
    expect(page.locator("#stale")).to_contain_text("Last values, from")
    expect(overlay(page)).to_have_text(
        "The camera does not respond. The picture returns when it does."
    )
    opacity = "(e) => Number(getComputedStyle(e).opacity)"
    assert page.locator("#live").evaluate(opacity) < 0.5
    for locator in ("#power", "#timer", "#snapshot", "#p-quality", "#keep"):
        expect(page.locator(locator)).to_be_disabled()
    expect(page.locator("#controls-note")).to_contain_text("does not respond")
    assert_accessible(page)
    screenshot(page, "offline")
    camera.control("power_on")
    wait_for_picture(page)
    expect(overlay(page)).to_be_hidden()
    for locator in ("#power", "#timer", "#snapshot", "#p-quality", "#keep"):
        expect(page.locator(locator)).to_be_enabled()
    expect(page.locator("#summary")).to_contain_text("Online")
    expect(page.locator("#figures dd").first).to_contain_text("ready")
    expect(page.locator("#stale")).to_have_attribute("hidden", "")


@pytest.mark.slow
def test_a_board_without_a_camera_says_why(browser, tmp_path):
    with (
        Simulator(tmp_path / "none", NO_BROKER, args=("--driver", "none")) as camera,
        browser.page(camera.url, PHONE) as page,
    ):
        page.goto("/#picture")
        expect(page.locator("#badge")).to_have_text("No camera")
        reason = page.request.get("/api/status").json()["camera"]["reason"]
        expect(overlay(page)).to_have_text(f"There is no picture: {reason}.")
        expect(page.locator(".frame .absent")).to_be_visible()
        expect(page.locator("#frame img")).to_have_count(0)
        expect(page.locator("#controls-note")).to_contain_text(reason)
        expect(page.locator("#snapshot")).to_be_disabled()
        assert_accessible(page)
        screenshot(page, "no-camera")


@pytest.mark.slow
def test_a_failing_camera_says_so(page, camera):
    camera.control("camera", fault="raise")
    try:
        expect(page.locator("#summary")).to_contain_text("recovering", timeout=15_000)
        expect(page.locator("#badge")).to_have_text("Waiting")
        expect(overlay(page)).to_have_text(
            "The camera is recovering. The picture returns by itself."
        )
        screenshot(page, "recovering")
    finally:
        camera.control("camera", fault=None)
    wait_for_picture(page)


@pytest.mark.slow
def test_safe_mode_shows_no_spinner(page, camera):
    def in_safe_mode(route):
        status = route.fetch().json()
        status["safe_mode"] = {"reason": "five failed starts", "left_s": 600, "ends": None}
        route.fulfill(json=status)

    page.route("**/api/status", in_safe_mode)
    page.reload()
    expect(page.locator("#badge")).to_have_text("Stopped")
    expect(overlay(page)).to_have_text("There is no picture: safe mode after five failed starts.")
    expect(page.locator(".spinner")).to_be_hidden()
    page.unroute_all(behavior="wait")


@pytest.mark.slow
def test_says_that_the_camera_sleeps(page, camera):
    def with_sleep(route):
        status = route.fetch().json()
        status["sleep"] = {"every_s": 600, "awake": "there is a viewer"}
        status["broker"]["state"] = "connected"
        route.fulfill(json=status)

    page.route("**/api/status", with_sleep)
    page.reload()
    expect(page.locator("#summary")).to_contain_text("The camera sleeps for 10 min after each")
    page.unroute_all(behavior="wait")
    page.click("#pause")  # a stream shows that the camera is there
    page.route("**/api/status", lambda route: route.abort())
    expect(page.locator("#summary")).to_contain_text("a press of its button wakes it")
    page.unroute_all(behavior="wait")
    page.errors.clear()  # of the requests that failed


@pytest.mark.slow
def test_viewer_over_the_limit_gets_a_free_slot_later(browser, camera):
    with contextlib.ExitStack() as stack:
        four = [stack.enter_context(Viewer(camera.url)) for _ in range(4)]
        with browser.page(camera.url) as page:
            failed = []
            page.on("requestfailed", lambda request: failed.append(request.url))
            page.goto("/")
            expect(page.locator("#summary")).to_contain_text("Online")
            assert not failed  # the page is complete while all streams are in use
            expect(overlay(page)).to_have_text(
                "There are 4 viewers already. The page keeps trying."
            )
            motion = "(e) => getComputedStyle(e).animationName"
            assert page.locator(".spinner").evaluate(motion) == "none"  # reduced motion
            four[0].close()
            wait_for_picture(page)
            expect(overlay(page)).to_be_hidden()


@pytest.mark.slow
def test_privacy_hides_the_picture_until_it_ends(page, camera):
    privacy = page.get_by_role("switch", name="Privacy")
    picture = page.evaluate(PIXELS)
    privacy.click()
    expect(page.locator("#badge")).to_have_text("Privacy")
    expect(overlay(page)).to_have_text(
        "Privacy is on: the sensor has no power, and nobody gets a picture."
    )
    expect(page.locator("#summary")).to_have_text("Privacy is on: nobody gets a picture.")
    expect(page.locator("#figures dd").first).to_have_text("OV2640, off")
    expect(page.locator("#live")).to_be_hidden()
    expect(page.locator("#snapshot")).to_be_disabled()
    assert page.evaluate(PIXELS) != picture  # the last picture is gone, not only hidden
    assert (camera.command("privacy"), viewers(page)) == ("on", 0)
    assert_accessible(page)
    assert_fits(page)
    screenshot(page, "privacy")
    privacy.click()
    wait_for_picture(page)
    assert camera.command("privacy") == "off"
    expect(overlay(page)).to_be_hidden()


@pytest.mark.slow
def test_lamp_and_its_countdown(page, camera):
    lamp = page.get_by_role("switch", name="Lamp")
    lamp.click()
    wait_until(lambda: camera.command("power") == "on")
    page.get_by_label("How long the lamp stays on").select_option("for 5 minutes")
    expect(page.locator("#countdown")).to_have_text(re.compile(r"off in (5:00|4:5\d)"))
    expect(page.locator("#countdown")).to_have_text(re.compile(r"off in 4:5\d"))
    expect(lamp).to_be_checked()
    camera.command("power off")
    expect(lamp).not_to_be_checked()
    expect(page.locator("#countdown")).to_have_text("")


# Tabs


def test_tabs_by_address_and_by_keyboard(browser, camera):
    with browser.page(camera.url, SMALL) as page:
        page.goto("/#log")
        expect(page.locator("#log")).to_be_visible()
        page.locator("#tab-log").focus()
        keys = {
            "Home": "status",
            "ArrowLeft": "firmware",
            "ArrowRight": "status",
            "End": "firmware",
        }
        for key, tab in keys.items():
            page.keyboard.press(key)
            expect(page.locator(f"#tab-{tab}")).to_be_focused()
            expect(page.locator(f"#{tab}")).to_be_visible()
            assert page.url.endswith(f"/#{tab}")
        for tab in TABS:
            page.click(f"#tab-{tab}")
            assert_fits(page)
        lines = {box["y"] for box in (page.locator(f"#tab-{tab}").bounding_box() for tab in TABS)}
        assert len(lines) == 1  # all tabs in one row
        page.evaluate("location.hash = 'picture'")
        expect(page.locator("#p-quality")).to_be_visible()
        assert page.locator("form[role]").count() == 0
        page.click("#advanced summary")
        assert_fits(page)
        assert_accessible(page)
        screenshot(page, "picture-320")


# Status


def test_status_keeps_a_selection_and_warns(page, camera):
    expect(page.locator("#open")).to_contain_text("No password is set.")
    address = page.locator("#figures dd").nth(3)
    expect(address).to_contain_text(".")
    address.evaluate("(e) => getSelection().selectAllChildren(e)")
    expect(page.locator("#figures dd").nth(1)).to_have_text("1 viewer")
    with Viewer(camera.url):
        expect(page.locator("#figures dd").nth(1)).to_have_text("2 viewers")
    assert page.evaluate("String(getSelection())") == address.inner_text()


@pytest.mark.slow
@pytest.mark.parametrize("clipboard", [True, False], ids=["clipboard", "plain-http"])
def test_addresses_are_links_with_copy_buttons(browser, camera, clipboard):
    allowed = ["clipboard-read", "clipboard-write"] if clipboard else []
    with browser.page(camera.url, DESKTOP, permissions=allowed) as page:
        if not clipboard:  # as over plain HTTP, other than from this machine
            page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: null})")
        page.goto("/")
        for name, path in (("Page", "/"), ("Snapshot", "/capture"), ("Stream", "/mjpg")):
            link = page.locator("#addresses a", has_text=re.compile(f"{path}$"))
            assert link.get_attribute("href") == camera.url + path, name
        expect(page.locator("#addresses")).to_contain_text("cmnd/esp32-mqtt-cam/")
        page.get_by_role("button", name="Copy the topic of MQTT pictures").click()
        expect(page.locator("#toast")).to_have_text("Copied")
        page.click("#tab-log")
        page.locator("#line").focus()
        page.keyboard.press("Control+V")
        expect(page.locator("#line")).to_have_value("data/esp32-mqtt-cam/image")


# Picture


@pytest.mark.slow
def test_picture_tab(page, camera):
    open_picture_tab(page)
    names = {row["name"] for row in page.request.get("/api/camera").json()["parameters"]}
    shown = "(all) => all.map((e) => e.name)"
    everyday = page.eval_on_selector_all("#everyday [name]", shown)
    assert len(everyday) == 5
    assert {*everyday, *page.eval_on_selector_all("#controls [name]", shown)} == names
    expect(page.locator("#p-contrast")).to_be_hidden()
    quality = page.get_by_role("slider", name="Quality")
    quality.focus()
    page.keyboard.press("End")  # the best picture
    wait_until(lambda: parameter(page, "quality") == 0)
    expect(page.locator("#p-quality-value")).to_have_text("100 %")
    expect(quality).to_have_attribute("aria-valuetext", "100 % from small file to best picture")
    page.get_by_role("button", name="Reset Quality to 87 %").click()
    wait_until(lambda: parameter(page, "quality") == 8)
    expect(page.locator("#p-quality-note")).to_have_text("default")
    page.request.post("/api/camera", data={"brightness": 2})  # by another client
    expect(page.locator("#p-brightness-value")).to_have_text("2")
    page.get_by_role("switch", name="Mirror").click()
    wait_until(lambda: parameter(page, "hmirror") == 1)
    page.get_by_role("button", name="Save as default").click()
    expect(page.locator("#toast")).to_contain_text("Saved as default")
    assert "hmirror" in str(camera.control("nvs"))
    page.request.post("/api/camera", data={"brightness": 0, "hmirror": 0, "save_to_nvs": 1})


@pytest.mark.slow
def test_exposure_and_gain_are_disabled_while_automatic(page, camera):
    open_picture_tab(page)
    page.get_by_text("Advanced", exact=True).click()
    for switch, manual, automatic in (
        ("aec", "aec_value", "ae_level"),
        ("agc", "agc_gain", "gainceiling"),
    ):
        expect(page.locator(f"#p-{manual}")).to_be_disabled()
        expect(page.locator(f"#p-{manual}-note")).to_contain_text("set by automatic")
        expect(page.locator(f"#p-{automatic}")).to_be_enabled()
        page.locator(f"#p-{switch}").click()
        expect(page.locator(f"#p-{manual}")).to_be_enabled()
        expect(page.locator(f"#p-{automatic}")).to_be_disabled()
        page.locator(f"#p-{switch}-reset").click()
        expect(page.locator(f"#p-{manual}")).to_be_disabled()
        expect(page.locator(f"#p-{switch}")).to_be_focused()


@pytest.mark.slow
def test_a_refused_change_shows_the_value_in_force(page, camera):
    open_picture_tab(page)
    page.route("**/api/camera", refuse)
    page.locator("#p-brightness").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#toast")).to_have_text("Brightness is not changed: The sensor is busy.")
    expect(page.locator("#p-brightness")).to_have_value("0")


def refuse(route):
    if route.request.method == "POST":
        route.fulfill(status=400, json={"error": "The sensor is busy.", "advice": "Try again."})
    else:
        route.continue_()
