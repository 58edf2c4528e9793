"""The Log tab: lines, filters, copies, and commands."""

import contextlib
import re

import httpx
import pytest
from browser import DESKTOP, PHONE, assert_accessible, assert_fits, screenshot
from playwright.sync_api import expect
from sim import Simulator

NO_BROKER = "mqtt://127.0.0.1:1"
LINE = re.compile(r"\d\d:\d\d:\d\d (error|info|debug) [a-z ]+: .+")


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    folder = tmp_path_factory.mktemp("camera")
    with Simulator(folder, NO_BROKER, {"loglevel": "debug"}) as made:
        yield made


@contextlib.contextmanager
def log_tab(browser, camera, size=DESKTOP, **options):
    """Yield a page at the Log tab; a live picture at full speed costs a core."""
    with browser.page(camera.url, size, **options) as page:
        page.route("**/mjpg*", lambda route: route.abort())
        page.goto("/")
        page.click("#tab-log")
        expect(lines(page).first).to_be_visible()
        yield page


@pytest.fixture
def page(browser, camera):
    """Page with the log of a camera that has just started."""
    camera.power_cut()
    with log_tab(browser, camera, permissions=["clipboard-read"]) as made:
        yield made


def lines(page):
    return page.locator("#lines li:visible")


def run(page, line):
    """Run a command as a user does; wait until its reply is shown."""
    page.fill("#line", line)
    page.keyboard.press("Enter")
    name = line.partition(" ")[0]
    expect(page.locator("#reply")).to_have_text(re.compile(f"^{name}( =|:) "))


def test_lines_and_filters(page, camera):
    boot = page.locator("#lines li", has_text="system: esp32-mqtt-cam")
    expect(boot).to_have_text(LINE)
    expect(boot.locator("b")).to_have_text("info")
    assert not [text for text in lines(page).all_inner_texts() if not LINE.fullmatch(text)]
    page.select_option("#log-level", "error")
    expect(lines(page).first).to_contain_text(re.compile("error mqtt: .*refused"))
    assert page.eval_on_selector_all("#lines li:not([hidden]):not(.error)", "(e) => e.length") == 0
    page.fill("#log-text", "nothing like this")
    expect(page.locator("#log-none")).to_have_text("No line matches.")
    page.select_option("#log-level", "all")
    page.fill("#log-text", "ESP32-mqtt")
    expect(boot).to_be_visible()
    page.click("#log-copy")
    expect(page.locator("#toast")).to_have_text("The log is copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "system: esp32-mqtt-cam" in copied and LINE.fullmatch(copied.splitlines()[0])
    with page.expect_download() as found:
        page.click("#log-download")
    assert re.fullmatch(r"DVES_A1B2C3-log-[\d-]+\.txt", found.value.suggested_filename)
    assert found.value.path().read_text().startswith("20")
    assert_accessible(page)
    assert_fits(page)
    screenshot(page, "log-desktop")


@pytest.mark.slow
def test_selection_and_scrolling_survive_new_lines(page, camera):
    """The ring of the camera turns over; the page keeps what it shows."""
    first = page.locator("#lines li").first
    first.evaluate("(row) => getSelection().selectAllChildren(row)")
    selected = page.evaluate("String(getSelection())")
    at_end = "({scrollTop: at, clientHeight: h, scrollHeight: all}) => at + h > all - 30"
    page.context.set_offline(True)
    with httpx.Client(base_url=camera.url, trust_env=False) as other:
        for _ in range(40):  # more than the camera keeps
            other.get("/nothing")
    page.context.set_offline(False)
    expect(page.locator("#lines .cut")).to_contain_text("lines are missing")
    page.locator("#lines").evaluate("(e) => e.scrollTo(0, 0)")
    expect(page.locator("#log-newest")).to_be_visible()
    camera.get("/setup")
    expect(page.locator("#lines li", has_text="GET /setup: 200")).to_have_count(1)
    assert page.locator("#lines").evaluate("(e) => e.scrollTop") == 0
    assert page.evaluate("String(getSelection())") == selected
    page.click("#log-newest")
    assert page.locator("#lines").evaluate(at_end)
    expect(page.locator("#log-newest")).to_be_hidden()


@pytest.mark.slow
def test_commands_with_history(browser, camera):
    with log_tab(browser, camera, PHONE, color_scheme="dark") as page:
        run(page, "topic")
        expect(page.locator("#reply")).to_have_text("topic = esp32-mqtt-cam")
        run(page, "timer 0")
        expect(page.locator("#reply")).to_contain_text("1..1440")
        expect(page.locator("#line")).to_have_value("")
        for key, value in (
            ("Up", "timer 0"),
            ("Up", "topic"),
            ("Up", "topic"),
            ("Down", "timer 0"),
        ):
            page.keyboard.press("Arrow" + key)
            expect(page.locator("#line")).to_have_value(value)
        page.keyboard.press("ArrowDown")
        expect(page.locator("#line")).to_have_value("")
        assert_accessible(page)
        assert_fits(page)
        screenshot(page, "log-phone-dark")
        camera.power_cut()
        expect(page.locator("#lines .cut")).to_have_text("The camera has restarted.")
        restarted = page.locator("#lines .cut ~ li", has_text="system: esp32-mqtt-cam")
        expect(restarted).to_have_count(1)
