"""A real browser: Debian's chromium, driven by Playwright; whatever it complains of is kept."""

import contextlib
import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright
from sim import ROOT

SCREENSHOTS = ROOT / "build" / "screenshots"
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
_HARMLESS = re.compile(  # the answer is what a test is about, or there is none during a restart
    "the server responded with a status of|Failed to load resource: net::ERR_"
)


class Browser:
    """One chromium for a file of tests; a context manager."""

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
        """A fresh page at `url`, as of a new visitor; fails when the page has complained."""
        context = self._chromium.new_context(
            base_url=url, viewport=size, reduced_motion="reduce", **options
        )
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda message: _note(page, message.type, message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        try:
            yield page
            assert not page.complaints, page.complaints
        finally:
            context.close()


def _program():
    import debian

    return debian.which("chromium")


def _note(page, kind, text):
    if kind in ("error", "warning") and not _HARMLESS.search(text):
        page.complaints.append(text)


def is_accessible(page):
    """Fail where axe-core finds a serious fault.

    It may not read the style sheets anew: only rules that are off want that, and what it adds to
    the page for it the page's policy blocks, which the browser complains of.
    """
    found = Axe().run(page, options={"preload": False}).response["violations"]
    serious = [
        (fault["id"], [node["target"] for node in fault["nodes"]])
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]
    assert not serious, serious


def fits(page):
    """Fail where the page is wider than the screen."""
    wide = page.evaluate(
        "[...document.querySelectorAll('body *')].filter((e) => !e.closest('.sr') && "
        "!e.closest('[role=tablist]') && e.getBoundingClientRect().right > innerWidth + 1)"
        ".map((e) => e.outerHTML.slice(0, 80))"
    )
    assert not wide, wide
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


def shoot(page, name):
    """A picture of the whole page in build/screenshots/."""
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
