"""The Firmware tab, and the trial on every page, from choosing a file to the end of a trial."""

import contextlib
import re

import pytest
from appupdates import SUMMARY, release
from browser import DESKTOP, PHONE, assert_accessible, assert_fits, screenshot
from images import KB, image
from playwright.sync_api import expect
from sim import Simulator, wait_until

NO_BROKER = "mqtt://127.0.0.1:1"
VERSIONS = (f"v9.0.{number}" for number in range(1, 100))  # each newer than the last
CLOCK = re.compile(r"until \d\d:\d\d\.")


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
    assert camera.command("mqttotaconfirm 1") == "OTA image already confirmed"


@contextlib.contextmanager
def firmware_tab(browser, camera, size=DESKTOP, live=False, **options):
    """Yield a page at the Firmware tab; a live picture at full speed costs a core."""
    with browser.page(camera.url, size, **options) as page:
        if not live:
            page.route("**/mjpg*", lambda route: route.abort())
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


@contextlib.contextmanager
def slow_upload(page, bytes_per_s=10 * KB):
    """Send at this rate, also what is on its way; at full speed after the block."""
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    speed = {"offline": False, "latency": 0, "downloadThroughput": -1}
    client.send("Network.emulateNetworkConditions", speed | {"uploadThroughput": bytes_per_s})
    yield
    client.send("Network.emulateNetworkConditions", speed | {"uploadThroughput": -1})


def viewers(page):
    return page.request.get("/api/status").json()["viewers"]


def note(page):
    return page.locator("#update-note")


def record_notes(page):
    """Let `notes` return all texts of the note from now on, however short they are shown."""
    page.evaluate("""() => {
        const note = document.getElementById("update-note");
        window.notes = [];
        new MutationObserver(() => notes.push(note.textContent)).observe(note, {childList: true});
    }""")


def notes(page):
    return "\n".join(page.evaluate("notes"))


def step(page):
    return page.locator("#steps [aria-current=step]")


@pytest.mark.slow
def test_update_keeps_itself(browser, camera, running, tmp_path):
    """Every page shows the trial, also after a reload and in another browser."""
    version = next(VERSIONS)
    with (
        firmware_tab(browser, camera, live=True) as page,
        browser.page(camera.url, PHONE) as other,
    ):
        expect(page.locator("#keep-itself")).to_be_checked()
        choose(page, tmp_path, image(version, size=256 * KB))
        record_notes(page)
        with slow_upload(page):
            page.click("#install")
            expect(step(page)).to_have_text("Send")
            expect(page.locator("#percent")).to_have_text(re.compile(r"[1-9]\d? %"))
            expect(page.locator("#overlay")).to_contain_text("The firmware is being updated.")
            expect(page.locator("#frame")).not_to_have_class(re.compile("empty"))
            assert_accessible(page)
            screenshot(page, "firmware-sending")
        expect(note(page)).to_contain_text(f"{version} is on trial")
        assert "this page connects again by itself" in notes(page)
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
            if name == "setup":
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
        without_script = camera.get("/setup").text
        assert f'<noscript><p class="note">{version} is on trial' in without_script
        page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
        page.click("#restart")
        page.locator("#story").get_by_role("button", name="Keep").press("Enter")
        expect(note(page)).to_have_text(f"{version} is kept.")
        kept = camera.control("flash")["running"]
        version = install(page, tmp_path)
        assert_fits(page)
        screenshot(page, "firmware-trial-320")
        page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
        record_notes(page)
        page.locator("#story").get_by_role("button", name="Go back").press("Enter")
        expect(note(page)).to_contain_text(f"{version} was rolled back: as requested.")
        assert "Going back to the old firmware" in notes(page)
        expect(page.locator("#install")).to_be_enabled()
    assert "is on trial. A restart goes back" in asked[0]
    assert asked[1].startswith("Go back to the old firmware?")
    assert camera.control("flash")["running"] == kept != running


@pytest.mark.slow
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


@pytest.mark.slow
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
        with slow_upload(page):
            page.click("#install")
            page.click("#cancel")
            expect(note(page)).to_have_text("Cancelled. The running firmware stays.")
            expect(page.locator("#install")).to_be_enabled()  # before the rest can be sent


@pytest.mark.slow
def test_release(browser, camera, running, tmp_path):
    """Check for a release, read what is new, and install it; the page says why that fails."""
    with release(tmp_path / "release", "7.1.0", b"another file") as url:
        manifest = tmp_path / "release" / "manifest.json"
        page_url = "https://example.com/cam/7.1.0"
        good = manifest.read_text().replace('"url": null', f'"url": "{page_url}"')
        manifest.write_text("no JSON")
        with firmware_tab(browser, camera) as page:
            found, check = page.locator("#release-text"), page.locator("#check")
            expect(found).to_contain_text("No address for updates is set.")
            camera.command(f"otaurl {url}")
            check.click()
            expect(found).to_contain_text("Check the address, then try again.")
            manifest.write_text(good)
            check.click()
            expect(found).to_contain_text("7.1.0 is available. This camera runs")
            expect(page.locator("#release-summary")).to_have_text(SUMMARY)
            expect(page.locator("#release-page")).to_have_attribute("href", page_url)
            assert_accessible(page)
            screenshot(page, "firmware-release")
            page.get_by_role("button", name="Install 7.1.0").click()
            expect(note(page)).to_contain_text("The last update failed: ")
            page.reload()
            page.click("#tab-firmware")
            expect(note(page)).to_contain_text("The last update failed: ")
        camera.command("otaurl 1")
