"""Make the pictures of the documentation, in config/images/, from the simulated camera.

    make screenshots
    make screenshots ARGS="page setup"     only some of them

The browser is that of the tests. Home Assistant is installed if it is not there yet.
"""

import argparse
import contextlib
import io
import re
import sys
import tempfile
from pathlib import Path

import hubs

ROOT = Path(__file__).resolve().parent.parent
sys.path += [str(ROOT / "tests" / each) for each in ("e2e", "hubs")]

# ruff: noqa: E402 - found on the path above
from browser import Browser
from home_assistant import wait_for_camera
from homeassistant import HomeAssistant
from mosquitto import Mosquitto
from PIL import Image
from playwright.sync_api import expect
from sim import Simulator

FOLDER = ROOT / "config" / "images"
_QUALITY = 85  # of the JPEG files
_WAIT_MS = 60_000  # Home Assistant's first page loads some megabytes of scripts
SIZES = {"page": (1180, 760), "setup": (390, 844), "home-assistant": (1000, 700)}
_PASSWORD = "correct horse"
_SETTINGS = {"name": "Garden", "topic": "garden", "pubinterval": "10", "adminpass": _PASSWORD}
_SHOWS_PICTURE = "((e) => (e.naturalWidth ?? e.width) > 100)(document.getElementById('live'))"


def page(browser, folder, save):
    """The camera's page on a desktop."""
    with _broker(folder) as broker, _camera(folder, broker) as camera:
        with browser.page(camera.url, _viewport("page")) as shown:
            shown.goto("/login?next=/")
            shown.fill("#password", _PASSWORD)
            shown.keyboard.press("Enter")
            shown.wait_for_selector("#live")
            _wait(shown, _SHOWS_PICTURE)
            _see(shown.get_by_text(re.compile("^connected$", re.IGNORECASE)))
            save(shown)


def setup(browser, folder, save):
    """The set-up form on a phone that has joined the camera's access point."""
    with Simulator(folder / "new", args=("--ap",)) as camera:
        for name, rssi in (("Garden shed", -71), ("Guests", -78)):
            camera.control("wifi", ssid=name, password="x" * 8, rssi=rssi, add=True)
        with browser.page(camera.url, _viewport("setup"), has_touch=True) as shown:
            shown.goto("/")
            for name in ("sim", "Guests"):
                _see(shown.get_by_text(name))
            save(shown)


def home_assistant(browser, folder, save):
    """The dashboard of Home Assistant, which has discovered the camera."""
    hubs.home_assistant()
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(_broker(folder))
        hub = HomeAssistant(hubs.program("hass"), folder / "hub", broker.port)
        stack.enter_context(hub)
        camera = stack.enter_context(_camera(folder, broker))
        camera.command("capture")
        wait_for_camera(hub)
        shown = stack.enter_context(browser.page(hub.url, _viewport("home-assistant")))
        shown.set_default_timeout(_WAIT_MS)
        shown.goto("/")
        _see(shown.get_by_text("Take a picture"))
        _see(shown.locator("hui-picture-entity-card img"))
        shown.wait_for_load_state("networkidle")
        shown.errors.clear()  # what another product logs is not ours
        save(shown)


PICTURES = {"page": page, "setup": setup, "home-assistant": home_assistant}


def _viewport(name):
    return dict(zip(("width", "height"), SIZES[name]))


def _broker(folder):
    return Mosquitto(folder / "broker")


@contextlib.contextmanager
def _camera(folder, broker):
    # in real time, so that the page shows the rates of a board
    with Simulator(folder / "camera", broker.uri, _SETTINGS, fast=False) as camera:
        camera.command('camera {"framesize": "VGA"}')
        camera.wait_status("mqtt connected")
        yield camera


def _see(locator):
    """Wait until the first match is visible."""
    expect(locator.first).to_be_visible(timeout=_WAIT_MS)


def _wait(shown, condition):
    """Wait for a condition in JavaScript; evaluate() bypasses the content security policy."""
    for _ in range(_WAIT_MS // 100):
        if shown.evaluate(condition):
            return
        shown.wait_for_timeout(100)
    raise AssertionError(f"the page does not come to {condition}")


def _store(name, shown, folder):
    """Save what the browser shows as a JPEG of the picture's size."""
    with Image.open(io.BytesIO(shown.screenshot())) as image:
        assert image.size == SIZES[name], image.size
        path = folder / f"{name}.jpg"
        image.convert("RGB").save(path, quality=_QUALITY, optimize=True)
    print(f"{path}: {path.stat().st_size // 1024} KB", flush=True)


def make(names, folder=FOLDER):
    """Make the named pictures in `folder`; raises hubs.InstallError."""
    folder.mkdir(parents=True, exist_ok=True)
    with Browser() as browser:
        for name in names:
            with tempfile.TemporaryDirectory() as scratch:
                save = lambda shown, name=name: _store(name, shown, folder)  # noqa: E731
                PICTURES[name](browser, Path(scratch), save)


def main(argv=None):
    parser = argparse.ArgumentParser(
        prog="screenshots.py", description=re.split(r"[.\n]", __doc__)[0] + "."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: " + ", ".join(PICTURES))
    parser.add_argument("--folder", type=Path, default=FOLDER, help="default: config/images")
    arguments = parser.parse_args(argv)
    unknown = [name for name in arguments.names if name not in PICTURES]
    if unknown:
        parser.error(f"no picture is named {unknown[0]}; there are: {', '.join(PICTURES)}")
    try:
        make(arguments.names or PICTURES, arguments.folder)
    except hubs.InstallError as exc:
        print(f"screenshots.py: {exc}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
