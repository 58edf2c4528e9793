"""The Firmware tab, and the trial on every page, from choosing a file to the end of a trial."""

import contextlib
import re

import pytest
from appupdates import SIMULATED, SUMMARY, release, update
from browser import DESKTOP, PHONE, Browser, assert_accessible, assert_fits, screenshot
from images import KB, image
from playwright.sync_api import expect
from sim import Simulator, wait_until
from update.archive import application

NO_BROKER = "mqtt://127.0.0.1:1"
VERSIONS = (f"v9.0.{number}" for number in range(1, 100))  # each newer than the last
CLOCK = re.compile(r"until \d\d:\d\d\.")


@pytest.fixture(scope="module")
def browser():
    with Browser() as made:
        yield made


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("camera"), NO_BROKER) as made:
        yield made


@pytest.fixture
def running(camera):
    """Return the slot that runs; fail if the test leaves an image on trial.

    Trials wait for a broker that does not answer.
    """
    camera.command("mqtthost " + NO_BROKER)
    yield camera.control("flash")["running"]
    assert camera.command("rollback 1") == "Nothing is on trial"


@contextlib.contextmanager
def firmware_tab(browser, camera, size=DESKTOP, **options):
    with browser.page(camera.url, size, **options) as page:
        page.goto("/")
        page.click("#tab-firmware")
        yield page


def choose(page, folder, data):
    (folder / "new.app-bin").write_bytes(data)
    page.set_input_files("#image", folder / "new.app-bin")


def install(page, folder, keep=True):
    """Upload a new image; return its version once the page shows the trial."""
    version = next(VERSIONS)
    choose(page, folder, image(version))
    page.set_checked("#keep-itself", keep)
    page.click("#install")
    expect(page.locator("#update-note")).to_contain_text(f"{version} is on trial")
    return version


def throttle(page, bytes_per_s):
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    speed = {"offline": False, "latency": 0, "downloadThroughput": -1}
    client.send("Network.emulateNetworkConditions", speed | {"uploadThroughput": bytes_per_s})


def viewers(page):
    return page.request.get("/api/status").json()["viewers"]


def note(page):
    return page.locator("#update-note")


def step(page):
    return page.locator("#steps [aria-current=step]")


def test_update_keeps_itself(browser, camera, running, tmp_path):
    """Every page shows the trial, also after a reload and in another browser."""
    version = next(VERSIONS)
    with firmware_tab(browser, camera) as page, browser.page(camera.url, PHONE) as other:
        expect(page.locator("#keep-itself")).to_be_checked()
        choose(page, tmp_path, image(version, size=512 * KB))
        throttle(page, 300 * KB)
        page.click("#install")
        expect(step(page)).to_have_text("Send")
        expect(page.locator("#percent")).to_have_text(re.compile(r"[1-9]\d? %"))
        expect(page.locator("#overlay")).to_contain_text("The firmware is being updated.")
        assert "icon" not in page.get_attribute("#live", "src")
        assert_accessible(page)
        screenshot(page, "firmware-sending")
        throttle(page, -1)
        expect(note(page)).to_contain_text("this page connects again")
        expect(note(page)).to_contain_text(f"{version} is on trial")
        expect(note(page)).to_contain_text(CLOCK)
        expect(note(page)).to_contain_text("still waits for the broker")
        expect(page.locator("#overlay")).to_be_hidden()
        wait_until(lambda: viewers(page) == 1, 20, "the page as a viewer again")
        assert_accessible(page)
        assert_fits(page)
        screenshot(page, "firmware-trial")
        for name in ("setup", "saved", "camera"):
            if name == "saved":
                other.click("button:text-is('Save')")
            else:
                other.goto("/" + name)
            expect(other.locator("#trial")).to_contain_text(f"{version} is on trial")
            expect(other.locator("#trial")).to_contain_text(CLOCK)
            expect(other.locator("#trial button", has_text="Keep")).to_be_visible()
            assert_accessible(other)
            assert_fits(other)
            screenshot(other, f"trial-{name}-phone")
        page.reload()
        camera.command("mqtthost 1")  # nothing is missing without one
        expect(other.locator("#trial-text")).to_have_text(f"{version} is kept.")
        page.click("#tab-firmware")
        expect(note(page)).to_have_text(f"{version} is kept.")
        screenshot(page, "firmware-kept")
    assert camera.control("flash")["running"] != running


def test_keep_and_go_back(browser, camera, running, tmp_path):
    """While an image is on trial, nothing else is installed, and a restart says what it does."""
    asked = []
    with firmware_tab(browser, camera, {"width": 320, "height": 640}) as page:
        version = install(page, tmp_path, keep=False)
        expect(note(page)).to_contain_text("until you keep it")
        expect(page.locator("#install")).to_be_disabled()
        expect(page.locator("#blocked")).to_be_visible()
        expect(page.locator("#restart-hint")).to_contain_text("goes back to the old firmware")
        page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
        page.click("#restart")
        page.locator("#story").get_by_role("button", name="Keep").press("Enter")
        expect(note(page)).to_have_text(f"{version} is kept.")
        kept = camera.control("flash")["running"]
        version = install(page, tmp_path)
        assert_fits(page)
        screenshot(page, "firmware-trial-320")
        page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
        page.locator("#story").get_by_role("button", name="Go back").press("Enter")
        expect(note(page)).to_contain_text("Going back to the old firmware")
        expect(note(page)).to_contain_text(
            f"{version} was rolled back: as requested.", timeout=20_000
        )
        expect(page.locator("#install")).to_be_enabled()
    assert "is on trial. A restart goes back" in asked[0]
    assert asked[1].startswith("Go back to the old firmware?")
    assert camera.control("flash")["running"] == kept != running


def test_power_cut_on_trial(browser, camera, running, tmp_path):
    with firmware_tab(browser, camera, color_scheme="dark") as page:
        version = install(page, tmp_path)
        screenshot(page, "firmware-trial-dark")
        camera.power_cut()
        text = f"{version} was rolled back: it restarted unconfirmed."
        expect(note(page)).to_contain_text(text)
        expect(step(page)).to_have_text("Trial")
        assert_accessible(page)
        screenshot(page, "firmware-rolled-back-dark")
        page.reload()
        page.click("#tab-firmware")
        expect(note(page)).to_contain_text(text)
    assert camera.control("flash")["running"] == running


def test_refused_cancelled_and_no_file(browser, camera, running, tmp_path):
    with firmware_tab(browser, camera, PHONE) as page:
        page.click("#install")
        expect(page.locator("#image-error")).to_have_text("Choose a file first.")
        expect(page.locator("#image")).to_be_focused()
        choose(page, tmp_path, b"this is no firmware" * 20_000)
        page.click("#install")
        expect(note(page)).to_contain_text("Refused: not a firmware image")
        expect(note(page)).to_contain_text("The running firmware stays.")
        assert_accessible(page)
        assert_fits(page)
        screenshot(page, "firmware-refused-phone")
        choose(page, tmp_path, bytes(3_000 * KB))
        page.click("#install")
        expect(note(page)).to_contain_text("Refused: the file is too large for this camera. The")
        choose(page, tmp_path, image(next(VERSIONS), size=512 * KB))
        throttle(page, 100 * KB)
        page.click("#install")
        page.click("#cancel")
        expect(note(page)).to_have_text("Cancelled. The running firmware stays.")
        expect(page.locator("#install")).to_be_enabled()


def test_release(browser, tmp_path):
    """Check for a release, read what is new, and install it."""
    data = update(application(SIMULATED)[0], tmp_path, "7.1.0")
    with (
        release(tmp_path / "release", "7.1.0", data) as url,
        Simulator(tmp_path / "camera") as camera,
        firmware_tab(browser, camera) as page,
    ):
        found, check = page.locator("#release-text"), page.locator("#check")
        camera.command("mqtthost 1")  # the application keeps itself without a broker
        expect(found).to_contain_text("No address for updates is set.")
        camera.command(f"otaurl {url.replace('manifest', 'nothing')}")
        check.click()
        expect(found).to_contain_text("404")
        expect(found).to_contain_text("Check the address")
        manifest = tmp_path / "release" / "manifest.json"
        page_url = "https://example.com/cam/7.1.0"
        manifest.write_text(manifest.read_text().replace('"url": null', f'"url": "{page_url}"'))
        camera.command(f"otaurl {url}")
        check.click()
        expect(found).to_contain_text("7.1.0 is available. This camera runs")
        expect(check).to_be_enabled()
        expect(page.locator("#release-summary")).to_have_text(SUMMARY)
        expect(page.locator("#release-page")).to_have_attribute("href", page_url)
        assert_accessible(page)
        screenshot(page, "firmware-release")
        page.get_by_role("button", name="Install 7.1.0").click()
        expect(note(page)).to_have_text("7.1.0 is kept.")
        expect(page.locator("#versions")).to_contain_text("application archive app_a.tar, on")
        check.click()
        expect(found).to_have_text("7.1.0 is the newest release.")
