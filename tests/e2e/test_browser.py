"""The web pages in Chromium, from the first start to the live picture."""

import contextlib
import re

import pytest
from browser import DESKTOP, PHONE, Browser, assert_accessible, assert_fits, screenshot
from images import image
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


# From the first start to the picture


def test_first_start(browser, tmp_path):
    with Simulator(tmp_path / "new", args=("--ap",)) as camera:
        evil = "<img src=x onerror=alert(1)>"
        camera.control("wifi", ssid=evil, password="x" * 8, rssi=-80, add=True)
        with browser.page(camera.url, PHONE) as page:
            page.goto("/")
            expect(page.get_by_role("heading", name="Set up the camera")).to_be_visible()
            network = page.locator("#networks button", has_text="sim").first
            expect(page.locator("#networks")).to_contain_text(evil)  # as text, not as HTML
            wait_until(lambda: api(page, "status")["time_set"], 10, "the browser's time")
            assert_fits(page)
            assert_accessible(page)
            screenshot(page, "setup-phone")
            network.click()
            assert page.input_value("#wifissid") == "sim"
            page.fill("#wifipassword", "simulated")
            page.click("[data-shows=wifipassword]")
            assert page.get_attribute("#wifipassword", "type") == "text"
            page.select_option("#timezone", label="Europe/Berlin")
            page.fill("#adminpass", WORD)
            page.click("text=Save and reboot")
            expect(page.get_by_role("heading", name="Saved")).to_be_visible()
            assert_accessible(page)
            screenshot(page, "saved-phone")
            camera.wait_boot(2)
            expect(page.locator("#summary")).to_contain_text("needs its new password")
            expect(page.get_by_role("heading", name="Saved")).to_be_visible()  # not replaced
            page.click("text=log in")
            page.fill("#password", WORD)
            page.keyboard.press("Enter")
            expect(page.get_by_role("heading", name="Set up the camera")).to_be_visible()
            page.click("text=Live picture")
            wait_for_picture(page)
            assert camera.command("timezone") == "CET-1CEST,M3.5.0,M10.5.0/3"


def test_setup_without_javascript(browser, camera):
    with browser.page(camera.url, java_script_enabled=False) as page:
        page.goto("/setup")
        page.click("text=Scan for networks")
        expect(page.locator("#networks input[value=sim]")).to_be_visible()
        page.fill("#mqttport", "99999")
        page.fill("#mqttuser", "joe")
        page.fill("#mqttpassword", "canary-word")
        page.click("button:text-is('Save')")
        expect(page.get_by_role("alert")).to_contain_text("Nothing was saved")
        expect(page.locator("#mqttport-error")).to_contain_text("0..65535")
        assert page.input_value("#mqttuser") == "joe"
        assert "canary" not in page.content()
        expect(page.locator("[aria-invalid=true]")).to_have_count(1)
        page.fill("#mqttport", "0")
        page.fill("#mqttuser", "")
        page.click("button:text-is('Save')")
        expect(page.get_by_role("heading", name="Saved")).to_be_visible()


ERRORS = {
    "#wifipassword": ("short", "At least 8"),
    "#mqttport": ("70000", "0 to 65535"),
    "#mqtthost": ("http://x", "mqtt://"),
    "#mqttca": ("nonsense", "PEM"),
    "#adminpass": ("short", "At least 8"),
}


def test_form_errors_show_before_submission(browser, camera):
    with browser.page(camera.url) as page:
        page.goto("/setup")
        for field, (text, message) in ERRORS.items():
            page.fill(field, text)
            page.locator(field).blur()
            expect(page.locator(field + "-error")).to_contain_text(message)
        page.click("button:text-is('Save')")
        assert page.url.endswith("/setup")
        expect(page.locator("#wifipassword")).to_be_focused()
        assert_accessible(page)
        screenshot(page, "setup-errors")
        for field in ERRORS:
            page.fill(field, "")
        page.locator("#topic").focus()
        expect(page.locator("[aria-invalid=true]")).to_have_count(0)


def test_certificate_from_a_file(browser, camera, tmp_path):
    from certificates import authority

    path = tmp_path / "ca.pem"
    path.write_bytes(authority().cert_pem)
    with browser.page(camera.url) as page:
        page.goto("/setup")
        page.set_input_files("#mqttca-file", path)
        expect(page.locator("#mqttca")).to_have_value(path.read_text())
        page.click("button:text-is('Save')")
        expect(page.get_by_role("heading", name="Saved")).to_be_visible()
        page.goto("/setup")
        page.check("[name=forget_mqttca]")
        page.click("button:text-is('Save')")
        expect(page.get_by_role("heading", name="Saved")).to_be_visible()


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


def test_settings_are_saved_or_show_errors(browser, camera):
    with browser.page(camera.url) as page:
        page.goto("/")
        page.click("#tab-settings")
        expect(page.get_by_label("Picture every")).to_have_attribute("id", "s-pubinterval")
        screenshot(page, "settings-desktop")
        page.fill("#s-pulse", "99999")
        page.fill("#s-mqttuser", "someone")
        page.click("#settings button.main")
        expect(page.locator("#s-pulse-error")).to_have_text("0..36000")
        expect(page.locator("#settings-note")).to_contain_text("Nothing was changed")
        expect(page.locator("#s-pulse")).to_be_focused()
        assert camera.command("mqttuser") == ""
        page.fill("#s-pulse", "7")
        page.click("#settings button.main")
        expect(page.locator("#toast")).to_contain_text("Saved")
        assert (camera.command("pulse"), camera.command("mqttuser")) == ("7", "someone")
        page.request.post("/api/settings", data={"pulse": 0, "mqttuser": "1"})


def test_settings_are_cleared(browser, camera):
    with browser.page(camera.url) as page:
        given = {"ssid2": "shed", "password2": "canary-word"}
        assert page.request.post("/api/settings", data=given).ok
        page.goto("/")
        page.click("#tab-settings")
        page.fill("#s-ssid2", "")
        page.check("#f-password2")
        page.click("#settings button.main")
        expect(page.locator("#toast")).to_contain_text("Saved")
        expect(page.locator("#f-password2")).to_have_count(0)
        rows = {row["name"]: row for row in api(page, "settings")["settings"]}
        assert (rows["ssid2"]["value"], rows["password2"]["set"]) == ("", False)


def test_log_commands_and_a_refused_update(browser, camera, tmp_path):
    with browser.page(camera.url) as page:
        page.goto("/")
        page.click("#tab-log")
        expect(page.locator("#lines")).to_contain_text("system: esp32-mqtt-cam")
        page.fill("#line", "timer 0")
        page.keyboard.press("Enter")
        expect(page.locator("#reply")).to_contain_text("1..1440")
        page.fill("#line", "topic")
        page.keyboard.press("Enter")
        expect(page.locator("#reply")).to_have_text("esp32-mqtt-cam")
        page.click("#tab-firmware")
        image = tmp_path / "not.bin"
        image.write_bytes(b"this is no firmware" * 20_000)
        page.set_input_files("#image", image)
        page.click("text=Install")
        expect(page.locator("#update-note")).to_contain_text("Refused")
        screenshot(page, "update-refused")


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


def test_firmware_update(browser, tmp_path):
    with Simulator(tmp_path / "old", NO_BROKER) as camera, browser.page(camera.url) as page:
        before = camera.control("flash")["running"]
        new = tmp_path / "new.bin"
        new.write_bytes(image("v9.0.0"))
        page.goto("/")
        page.click("#tab-firmware")
        page.set_input_files("#image", new)
        page.click("text=Install")
        expect(page.locator("#update-note")).to_contain_text("is installed", timeout=20_000)
        camera.wait_boot(2)
        assert camera.control("flash")["running"] != before
        # browsers do not detect the end of a stream, but the page does
        wait_until(lambda: api(page, "status")["viewers"] == 1, 20, "the page as a viewer again")
        wait_for_picture(page)


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
