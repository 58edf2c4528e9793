"""The page that installs the firmware, in a browser: what it loads, what it does with a port."""

import threading
from pathlib import Path

import pytest
import serial
import webinstaller
import wholeimage
from browser import PHONE, assert_accessible, assert_fits, screenshot
from images import image, whole
from probe import NO_BROKER
from sim import Simulator

PORT = Path(__file__).with_name("serialport.js").read_text()
NO_SERIAL = "delete Navigator.prototype.serial"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Address of a served page for an image of this firmware."""
    folder = tmp_path_factory.mktemp("site")
    path = folder / "cam.bin"
    path.write_bytes(whole(image("2.0.0", "esp32-mqtt-cam")))
    webinstaller.write(path, folder / "web")
    with webinstaller.server(0, folder / "web") as served:
        threading.Thread(target=served.serve_forever).start()
        yield f"http://127.0.0.1:{served.server_port}/"
        served.shutdown()


def opened(page, script=""):
    """Open the page; return the addresses that it has requested."""
    requested = []
    page.on("request", lambda request: requested.append(request.url))
    page.add_init_script(script)
    page.goto("/", wait_until="networkidle")
    return requested


@pytest.mark.parametrize("size", [None, PHONE], ids=["desktop", "phone"])
def test_page(browser, site, size):
    with browser.page(site, **({"size": size} if size else {})) as page:
        requested = opened(page)
        assert requested and all(url.startswith(site) for url in requested)
        assert page.get_by_role("heading", level=1).inner_text() == "Install the camera's firmware"
        assert page.get_by_text("Version 2.0.0").is_visible()
        assert page.get_by_role("button", name="Connect and install").is_visible()
        assert_accessible(page)
        assert_fits(page)
        screenshot(page, "web-installer-phone" if size else "web-installer")


def test_browser_without_serial_ports(browser, site):
    with browser.page(site) as page:
        opened(page, NO_SERIAL)
        assert page.get_by_text("This browser cannot use a serial port").is_visible()
        assert not page.get_by_role("button", name="Connect and install").is_visible()


def test_manifest_and_image_can_be_fetched(browser, site):
    with browser.page(site) as page:
        opened(page)
        manifest = page.request.get("manifest.json").json()
        assert (manifest["name"], manifest["version"]) == ("esp32-mqtt-cam", "2.0.0")
        flash = bytearray(b"\xff" * (1 << 22))
        for part in manifest["builds"][0]["parts"]:
            data = page.request.get(part["path"]).body()
            flash[part["offset"] : part["offset"] + len(data)] = data
        assert wholeimage.read(bytes(flash[:0x20000])).project == "esp32-mqtt-cam"
        for link in page.locator("a").all():
            assert page.request.get(link.get_attribute("href")).ok


def test_wifi_is_set_up_over_the_cable(browser, site, tmp_path):
    """ESP Web Tools finds the simulated camera, offers its networks, and shows its address."""
    with Simulator(tmp_path, NO_BROKER, args=("--uart", "pty", "--ap")) as camera:
        with serial.Serial(camera.facts["uart"], timeout=0.02) as port, browser.page(site) as page:
            page.expose_function("uartRead", lambda: list(port.read(max(1, port.in_waiting))))
            page.expose_function("uartWrite", lambda data: port.write(bytes(data)))
            requested = opened(page, PORT)
            page.get_by_role("button", name="Connect and install").click()
            dialog = page.locator("ewt-install-dialog")
            assert dialog.get_by_text("esp32-mqtt-cam 2.0.0 (ESP32)").inner_text()
            screenshot(page, "web-installer-found")
            dialog.get_by_text("Connect to Wi-Fi").click()
            dialog.get_by_label("Password").fill("simulated")
            screenshot(page, "web-installer-wifi")
            dialog.get_by_text("Connect", exact=True).click()
            link = dialog.locator("ew-list-item[href]", has_text="Visit Device")
            assert link.get_attribute("href") == "http://192.168.4.15/"
            screenshot(page, "web-installer-joined")
            assert all(url.startswith(site) for url in requested)
        assert camera.get("/").status_code == 200
