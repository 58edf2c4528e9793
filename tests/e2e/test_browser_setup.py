"""The set-up in Chromium, from joining the access point to the camera's address."""

import time

import pytest
from browser import (
    PHONE,
    assert_fits,
    assert_no_violation,
    screenshot,
)
from playwright.sync_api import expect
from sim import Simulator

NO_BROKER = "mqtt://127.0.0.1:1"
WORD = "open, sesame!"
FIELDS = "#setup input:visible, #setup select:visible, #setup textarea:visible"
MOST_FIELDS, MOST_S = 5, 60  # of a set-up on a phone


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("camera"), NO_BROKER) as made:
        yield made


def test_first_setup_on_a_phone(browser, tmp_path):
    """From the access point to "Find it at" and pictures, with five fields."""
    with Simulator(tmp_path / "new", args=("--ap",)) as camera:
        evil = "<img src=x onerror=alert(1)>"
        camera.control("wifi", ssid=evil, password="x" * 8, rssi=-80, add=True)
        with browser.page(camera.url, PHONE, timezone_id="Europe/Berlin") as page:
            started = time.monotonic()
            page.goto("/")
            expect(page.get_by_role("heading", name="Set up the camera")).to_be_visible()
            assert page.locator(FIELDS).count() <= MOST_FIELDS
            headings = page.locator("#setup h2")
            expect(headings).to_have_text(["Wi-Fi", "Camera", "MQTT broker", "More"])
            page.locator("#networks button", has_text="sim").first.click()
            assert page.input_value("#wifissid") == "sim"
            expect(page.locator("#wifipassword")).to_be_focused()
            page.keyboard.type("simulated")
            page.fill("#name", "Porch")
            assert page.input_value("#pubinterval") == "10"
            page.fill("#mqtthost", camera.facts["mqtt"])
            expect(page.locator("#networks")).to_contain_text(evil)  # as text, not as HTML
            assert_fits(page)
            assert_no_violation(page)
            screenshot(page, "setup-phone")
            page.click("text=Save and restart")
            expect(page.get_by_role("heading", name="Saved")).to_be_visible()
            camera.wait_boot(2)
            found = page.locator(".found")
            expect(found).to_contain_text("Find it at http://porch.local (")
            assert time.monotonic() - started < MOST_S
            expect(page.locator("#summary")).to_have_text("Joined sim")
            expect(page.locator("#fallback")).to_be_hidden()
            assert_fits(page)
            assert_no_violation(page)
            screenshot(page, "saved-phone")
        check_copy_and_address(browser, camera)
        camera.wait_status("wifi joined, mqtt connected")
        assert camera.command("pubinterval") == "10"
        assert camera.command("name") == "Porch"
        assert camera.command("timezone") == "CET-1CEST,M3.5.0,M10.5.0/3"


def check_copy_and_address(browser, camera):
    """The address on the saved page is a link, and a button copies it."""
    with browser.page(camera.url, permissions=["clipboard-read"]) as page:
        page.goto("/setup")
        page.click("button:text-is('Save')")
        found = page.locator(".found")
        links = found.get_by_role("link")
        expect(links).to_have_count(2)  # the second one once the camera has joined
        assert links.nth(0).get_attribute("href") == "http://porch.local/"
        found.get_by_role("button", name="Copy the address").press("Enter")
        expect(found.get_by_role("button")).to_have_text("Copied")
        expect(found.get_by_role("button")).to_be_focused()
        assert page.evaluate("navigator.clipboard.readText()") == "http://porch.local"


@pytest.mark.slow
def test_admin_password_in_the_setup(browser, camera):
    """The warning leads to the field; the saved page then has a login."""
    with browser.page(camera.url, PHONE) as page:
        page.goto("/setup")
        expect(page.locator("#adminpass")).to_be_hidden()
        page.click("text=Choose a password")
        expect(page.locator("#adminpass")).to_be_focused()
        page.keyboard.type(WORD)
        page.click("[data-shows=adminpass]")
        assert page.get_attribute("#adminpass", "type") == "text"
        assert_no_violation(page)
        screenshot(page, "setup-more-phone")
        page.click("button:text-is('Save')")
        expect(page.locator("#summary")).to_contain_text("needs its new password")
        expect(page.get_by_role("heading", name="Saved")).to_be_visible()  # not replaced
        page.click("text=log in")
        page.fill("#password", WORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Set up the camera")).to_be_visible()
        page.click("text=Live picture")
        expect(page.locator("#frame")).to_be_visible()
        page.goto("/setup")
        page.click("#more summary")
        page.check("[name=forget_adminpass]")
        page.click("button:text-is('Save')")
        expect(page.locator("#summary")).to_contain_text("Joined sim")


def unfold(page, *titles):
    for title in titles or ("Login, port and certificate", "More"):
        page.locator("summary", has_text=title).click()


def test_setup_without_javascript(browser, camera):
    with browser.page(camera.url, java_script_enabled=False) as page:
        page.goto("/setup")
        page.click("text=Scan for networks")
        expect(page.locator("#networks input[value=sim]")).to_be_visible()
        unfold(page)
        page.fill("#mqttport", "99999")
        page.fill("#mqttuser", "joe")
        page.fill("#mqttpassword", "canary-word")
        page.click("button:text-is('Save')")
        expect(page.get_by_role("alert")).to_contain_text("Nothing was saved")
        expect(page.locator("#mqttport-error")).to_contain_text("0 to 65535")
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


@pytest.mark.slow
def test_form_errors_show_before_submission(browser, camera):
    with browser.page(camera.url) as page:
        page.goto("/setup")
        unfold(page)
        for field, (text, message) in ERRORS.items():
            page.fill(field, text)
            page.locator(field).blur()
            expect(page.locator(field + "-error")).to_contain_text(message)
        page.click("button:text-is('Save')")
        assert page.url.endswith("/setup")
        expect(page.locator("#wifipassword")).to_be_focused()
        assert_no_violation(page)
        screenshot(page, "setup-errors")
        page.fill("#wifipassword", "")
        page.locator(".fold:not(#more) > summary").click()  # hides the faults below it
        page.fill("#mqtthost", "")
        page.click("button:text-is('Save')")
        expect(page.locator("#mqttport")).to_be_focused()
        expect(page.locator("#mqttport-error")).to_be_in_viewport()
        for field in ERRORS:
            page.fill(field, "")
        page.locator("#wifissid").focus()
        expect(page.locator("[aria-invalid=true]")).to_have_count(0)


@pytest.mark.slow
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
        unfold(page, "Login")
        page.check("[name=forget_mqttca]")
        page.click("button:text-is('Save')")
        expect(page.get_by_role("heading", name="Saved")).to_be_visible()
