"""Debian's Chromium, driven by Playwright; its console errors and warnings fail a test."""

import contextlib
import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright
from sim import ROOT

expect.set_options(timeout=20_000)  # generous because only a failing test waits that long

SCREENSHOTS = ROOT / "build" / "screenshots"
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
_HARMLESS = re.compile(  # tests check the status themselves; a restart refuses connections
    "the server responded with a status of|Failed to load resource: net::ERR_"
)


class Browser:
    """One Chromium process for a test module; a context manager."""

    def __enter__(self):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self._stack = contextlib.ExitStack()
        playwright = self._stack.enter_context(sync_playwright())
        self._chromium = playwright.chromium.launch(
            executable_path=_program(), args=_FLAGS, timeout=30_000
        )
        self._stack.callback(self._chromium.close)
        return self

    def __exit__(self, *_):
        self._stack.close()

    @contextlib.contextmanager
    def page(self, url, size=DESKTOP, **options):
        """Yield a page in a new context at `url`; fail if it logs an error or warning."""
        context = self._chromium.new_context(
            base_url=url, viewport=size, reduced_motion="reduce", **options
        )
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.errors = []
        page.on("console", lambda message: _note(page, message.type, message.text))
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        try:
            yield page
            assert not page.errors, page.errors
        finally:
            context.close()


def _program():
    import debian

    return debian.which("chromium")


def _note(page, kind, text):
    if kind in ("error", "warning") and not _HARMLESS.search(text):
        page.errors.append(text)


def assert_accessible(page):
    """Fail if axe-core finds a violation.

    preload=False: only disabled rules need the style sheets, and the page's content security
    policy blocks the script that axe-core adds to load them.
    """
    found = Axe().run(page, options={"preload": False}).response["violations"]
    assert not found, [
        (violation["id"], [node["target"] for node in violation["nodes"]]) for violation in found
    ]


def assert_fits(page):
    """Fail if the page is wider than the screen."""
    wide = page.evaluate(
        "[...document.querySelectorAll('body *')].filter((e) => !e.closest('.sr') && "
        "!e.closest('.stage') && e.getBoundingClientRect().right > innerWidth + 1)"
        ".map((e) => e.outerHTML.slice(0, 80))"
    )
    assert not wide, wide
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


def wait_for_picture(page):
    """Wait until the camera's page shows the live picture."""
    page.wait_for_selector("#frame[data-state=live]")


def screenshot(page, name):
    """Save a picture of the whole page in build/screenshots/."""
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def assert_no_violation(page):
    """Fail if axe-core finds any violation, also a minor one."""
    found = Axe().run(page, options={"preload": False}).response["violations"]
    assert not found, [(each["id"], [node["target"] for node in each["nodes"]]) for each in found]
