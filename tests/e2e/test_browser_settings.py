"""The Settings tab in Chromium: fields, unsaved changes, faults, and maintenance."""

import json

import pytest
from browser import DESKTOP, PHONE, assert_fits, assert_no_violation, screenshot
from playwright.sync_api import expect
from sim import Simulator, wait_until

NO_BROKER = "mqtt://127.0.0.1:1"
WORD = "open, sesame!"
SMALL = {"width": 320, "height": 568}


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("camera"), NO_BROKER) as made:
        yield made


def open_settings(page, *groups):
    page.goto("/")
    page.click("#tab-settings")
    expect(page.locator("#s-name")).to_be_visible()
    for title in groups:
        unfold(page, title)


def unfold(page, title):
    heading = page.get_by_role("heading", name=title, exact=True)
    page.locator("#settings summary").filter(has=heading).click()


def row(page, name):
    rows = page.request.get("/api/settings").json()["settings"]
    return next(each for each in rows if each["name"] == name)


def tools(page, name):
    return page.locator(f".field:has(> #s-{name}), .field:has(.pair > #s-{name})").locator(
        ".tools"
    )


def save(page, text="Saved"):
    page.click("#save")
    expect(page.locator("#toast")).to_contain_text(text)
    expect(page.locator("#unsaved")).to_be_hidden()


@pytest.mark.slow
def test_fields_search_and_defaults(browser, camera):
    """Switches, choices, time zones by name, search, and the way back to a default."""
    with browser.page(camera.url, timezone_id="Europe/Vienna") as page:
        open_settings(page)
        page.fill("#find", "time zone")
        expect(page.locator("#find-note")).to_have_text("1 setting found")
        expect(page.locator("#rows details:visible")).to_have_count(1)
        page.select_option("#s-timezone", label="Europe/Vienna")
        page.fill("#find", "nothing like this")
        expect(page.locator("#find-note")).to_contain_text("No setting matches")
        page.fill("#find", "")
        unfold(page, "Topics and publishing")
        unfold(page, "Power output")
        page.get_by_role("switch", name="Retain").click()
        page.select_option("#s-poweratreset", label="Off")
        page.fill("#s-pubinterval", "30")
        expect(page.locator("#unsaved-note")).to_have_text("4 unsaved changes.")
        screenshot(page, "settings-desktop")
        save(page)
        assert camera.command("timezone") == "CET-1CEST,M3.5.0,M10.5.0/3"
        assert (camera.command("retain"), camera.command("poweratreset")) == ("0", "off")
        open_settings(page, "Time", "Power output", "Topics and publishing")
        expect(page.locator("#s-timezone")).to_have_value("Europe/Vienna")  # of many with its rule
        for name in ("timezone", "poweratreset", "retain", "pubinterval"):
            tools(page, name).get_by_role("button").click()
            expect(tools(page, name).get_by_role("button")).to_have_count(0)
        expect(page.locator("#s-timezone-rule")).to_be_visible()
        save(page)
        assert row(page, "timezone")["value"] == row(page, "timezone")["default"]


@pytest.mark.slow
def test_faults_are_in_view_and_nothing_is_saved(browser, camera):
    """Faults of the browser and of the camera, with the unsaved-changes bar on a small phone."""
    with browser.page(camera.url, SMALL, color_scheme="dark") as page:
        open_settings(page, "Power output", "MQTT broker", "Access")
        page.fill("#s-pulse", "99999")
        page.fill("#s-mqttuser", "someone")
        unfold(page, "Power output")
        page.click("#save")
        check_fault(page, "pulse", "Enter a whole number from 0 to 36000.")
        screenshot(page, "settings-fault-320-dark")
        assert_fits(page)
        assert_no_violation(page)
        page.fill("#s-pulse", "7")
        expect(page.locator("#s-pulse-error")).to_have_count(0)
        page.fill("#s-mqttkeepalive", "9")
        page.locator("#s-mqttkeepalive").blur()
        expect(page.locator("#s-mqttkeepalive-error")).to_contain_text("from 10 to 3600")
        page.fill("#s-mqttkeepalive", "120")
        page.fill("#s-mqtthost", "http://x")
        page.fill("#s-adminpass", "short")
        page.fill("#find", "pulse")  # hides the fields with faults
        page.click("#save")
        check_fault(
            page, "mqtthost", "Enter mqtt://host, mqtts://host, ws://host/path or wss://host/path."
        )
        text = "Nothing was saved. Correct Broker, Admin password."
        expect(page.locator("#settings-error")).to_have_text(text)
        text = "Enter 8 to 63 characters, or none."
        expect(page.locator("#s-adminpass-error")).to_have_text(text)
        assert camera.command("mqttuser") == "" and camera.command("pulse") == "0"
        page.click("#discard")
        expect(page.locator("#unsaved")).to_be_hidden()
        expect(page.locator("#s-mqttuser")).to_have_value("")


def check_fault(page, name, text):
    """Check the message of a field; the field has the focus, and nothing covers it."""
    expect(page.locator(f"#s-{name}-error")).to_have_text(text)
    expect(page.locator(f"#s-{name}")).to_be_focused()
    assert_uncovered(page)


def assert_uncovered(page):
    """Fail if the unsaved-changes bar covers a part of the focused field."""
    bottom, top = page.evaluate(
        "[(document.activeElement.closest('.field') || document.activeElement)"
        ".getBoundingClientRect().bottom, document.querySelector('#unsaved')"
        ".getBoundingClientRect().top]"
    )
    assert bottom <= top + 1, page.evaluate("document.activeElement.outerHTML")


@pytest.mark.slow
def test_by_keyboard_alone(browser, camera):
    """From the tab to a saved setting; the unsaved-changes bar covers no field on the way."""
    with browser.page(camera.url, SMALL) as page:
        page.goto("/")
        page.locator("#tab-status").focus()
        for key in ("ArrowRight", "ArrowRight", "Tab"):
            page.keyboard.press(key)
        expect(page.locator("#find")).to_be_focused()
        page.keyboard.type("re")
        page.keyboard.press("Tab")
        reach(page, "s-apfallback")
        page.keyboard.type("200")
        expect(page.locator("#unsaved-note")).to_have_text("1 unsaved change.")
        assert reach(page, "save") > 10
        page.keyboard.press("Enter")
        expect(page.locator("#toast")).to_have_text("Saved")
        expect(page.locator("#find")).to_be_focused()
        assert camera.command("apfallback") == "200"
        camera.command("apfallback 180")


def reach(page, wanted):
    """Press Tab until the element with this id has the focus; return how often."""
    for count in range(150):
        if page.evaluate("document.activeElement.id") == wanted:
            return count
        if page.is_visible("#unsaved"):
            assert_uncovered(page)
        page.keyboard.press("Tab")
    raise AssertionError(f"#{wanted} is not reached")


def test_unsaved_changes_survive_tabs_and_reloads_but_secrets_do_not(browser, camera):
    with browser.page(camera.url, PHONE) as page:
        open_settings(page, "Wi-Fi", "Updates")
        page.fill("#s-ssid2", "shed")
        page.fill("#s-password2", "canary-word")
        page.fill("#s-otaurl", "http://joe:canary@127.0.0.1:1/fw.bin")
        page.click("#tab-log")
        page.click("#tab-settings")
        expect(page.locator("#s-password2")).to_have_value("canary-word")
        expect(page.locator("#unsaved-note")).to_have_text("3 unsaved changes.")
        page.reload()
        assert "canary" not in page.evaluate("JSON.stringify({...sessionStorage})")
        page.click("#tab-settings")
        expect(page.locator("#s-ssid2")).to_have_value("shed")
        expect(page.locator("#s-password2")).to_have_value("")
        expect(page.locator("#unsaved-note")).to_have_text("1 unsaved change.")
        unfold(page, "Wi-Fi")
        page.fill("#s-password2", "canary-word")
        page.get_by_role("button", name="Show Second password").click()
        assert page.get_attribute("#s-password2", "type") == "text"
        save(page)
        assert row(page, "password2")["set"] and camera.command("ssid2") == "shed"
        page.get_by_role("button", name="Remove Second password").click()
        page.get_by_role("button", name="Keep Second password").click()
        expect(page.locator("#unsaved")).to_be_hidden()
        page.get_by_role("button", name="Remove Second password").click()
        page.get_by_role("button", name="Clear: Second network").click()
        screenshot(page, "settings-phone")
        save(page)
        assert not row(page, "password2")["set"] and row(page, "ssid2")["value"] == ""


@pytest.mark.slow
def test_restart_is_announced_before_saving(browser, tmp_path):
    with Simulator(tmp_path / "camera", NO_BROKER) as camera:
        with browser.page(camera.url) as page:
            open_settings(page)
            expect(tools(page, "name")).to_contain_text("Needs a restart")
            page.fill("#s-name", "Porch")
            expect(page.locator("#unsaved-note")).to_contain_text("Saving restarts the camera.")
            page.click("#save")
            camera.wait_boot(2)
            expect(page.locator("#toast")).to_contain_text("running again")
            expect(page.locator("#s-name")).to_have_value("Porch")
            expect(page).to_have_title("Porch")
            expect(page.locator("#name")).to_have_text("Porch")
            unfold(page, "Restart")
            page.click("#restart-now")
            expect(page.locator("#restart-note")).to_contain_text("restarts")
            camera.wait_boot(3)
            expect(page.locator("#restart-note")).to_be_hidden()
            unfold(page, "Factory reset")
            page.fill("#reset-name", "porch")
            expect(page.locator("#reset-now")).to_be_disabled()
            page.fill("#reset-name", "Porch")
            screenshot(page, "maintenance-desktop")
            page.click("#reset-now")
            expect(page.locator("#reset-note")).to_contain_text(
                "join the Wi-Fi network DVES_A1B2C3"
            )
            camera.wait_boot(4)
            camera.wait_status("access point")


@pytest.mark.slow
def test_backup_and_restore(browser, tmp_path):
    settings = {"adminpass": WORD, "mqttpass": "canary-mqtt", "pulse": "7"}
    with Simulator(tmp_path / "camera", NO_BROKER, settings) as camera:
        with browser.page(camera.url, PHONE) as page:
            page.goto("/login")
            page.fill("#password", WORD)
            page.keyboard.press("Enter")
            expect(page.locator("#live")).to_be_visible()
            open_settings(page, "Back up the settings")
            plain = download(page)
            assert plain["settings"]["pulse"] == "7" and "canary" not in json.dumps(plain)
            page.check("#backup-secrets")
            page.fill("#backup-password", "not the one")
            page.click("#backup button:text-is('Download')")
            expect(page.locator("#backup-note")).to_have_text(
                "Wrong admin password. Enter it again."
            )
            page.fill("#backup-password", WORD)
            full = download(page)
            assert full["settings"]["mqttpass"] == "canary-mqtt"
            assert "adminpass" not in full["settings"]
            page.request.post("/api/settings", data={"pulse": 9, "mqttpass": "another"})
            page.click("#tab-status")
            page.click("#tab-settings")
            unfold(page, "Restore the settings")
            choose(page, b"no backup")
            expect(page.locator("#restore-note")).to_contain_text("not a backup")
            full["settings"]["unknown"] = "1"
            choose(page, json.dumps(full).encode())
            text = "This firmware has no setting unknown. 3 settings will change:"
            expect(page.locator("#restore-note")).to_have_text(text)
            expect(page.locator("#restore-changes")).to_contain_text("9 → 7")
            assert row(page, "pulse")["value"] == "9"
            assert_fits(page)
            assert_no_violation(page)
            screenshot(page, "restore-phone")
            page.click("#restore")
            expect(page.locator("#toast")).to_contain_text("Saved")
            wait_until(lambda: row(page, "pulse")["value"] == "7")
            choose(page, json.dumps({**full, "settings": {"pulse": "x"}}).encode())
            page.click("#restore")
            check_fault(page, "pulse", "Enter a whole number from 0 to 36000.")


def download(page):
    with page.expect_download() as found:
        page.click("#backup button:text-is('Download')")
    return json.loads(found.value.path().read_text())


def choose(page, data):
    file = {"name": "backup.json", "mimeType": "application/json", "buffer": data}
    page.set_input_files("#restore-file", file)


@pytest.mark.slow
def test_every_group_fits_and_is_accessible(browser, camera):
    with browser.page(camera.url, SMALL) as page:
        open_settings(page)
        for summary in page.locator("#settings summary").all()[1:]:
            summary.press("Enter")
        expect(page.locator("#settings details:not([open])")).to_have_count(0)
        assert_fits(page)
        screenshot(page, "settings-all-320")
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size(DESKTOP)
        assert_fits(page)
        assert_no_violation(page)
        screenshot(page, "settings-all-dark")
