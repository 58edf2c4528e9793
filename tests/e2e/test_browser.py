"""The camera's page as a whole, the page for unknown addresses, and the login, in Chromium."""

import re

import pytest
from browser import (
    DESKTOP,
    PHONE,
    assert_accessible,
    assert_fits,
    screenshot,
    wait_for_picture,
)
from playwright.sync_api import expect
from sim import Simulator

NO_BROKER = "mqtt://127.0.0.1:1"
TABS = ["status", "picture", "settings", "log", "firmware"]
WORD = "open, sesame!"


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    # in real time, because a stream at full speed would keep the browser busy
    with Simulator(tmp_path_factory.mktemp("camera"), NO_BROKER, fast=False) as made:
        made.command('camera {"framesize": "VGA"}')
        yield made


# The camera's page


@pytest.mark.slow
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
            filled = {"picture": "#everyday input", "settings": "#rows input", "log": "#lines"}
            expect(page.locator(filled.get(tab, f"#{tab} dl")).first).to_be_visible()
            assert_fits(page)
            assert_accessible(page)
            screenshot(page, f"camera-{tab}-{name}")


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
