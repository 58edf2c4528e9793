"""The recipes for Home Assistant: automation, card, and cameras without MQTT."""

import json

import pytest
import yaml
from browser import Browser, screenshot
from homeassistant import HomeAssistant
from mosquitto import Mosquitto
from pictures import check
from recipes import FOLDER
from sim import Simulator

SIZE = (800, 600)
AUTOMATION = "automation.picture_at_night_when_the_button_is_pressed"
SCREEN = {"width": 1400, "height": 900}
WORD = "open, sesame!"
LOGIN = """\
localStorage.setItem("hassTokens", JSON.stringify({access_token: %s, token_type: "Bearer",
    refresh_token: "", expires_in: 1800, expires: Date.now() + 1800000, hassUrl: location.origin,
    clientId: location.origin + "/"}));
"""


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Mosquitto(tmp_path_factory.mktemp("broker")) as made:
        yield made


@pytest.fixture(scope="module")
def hub(program, broker, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hub")
    files = ("home-assistant.yaml", "home-assistant-motion.yaml")
    text = "".join((FOLDER / name).read_text() for name in files)
    assert "/media/porch-" in text and "/media/motion-porch-" in text
    more = "frontend:\n" + text.replace("/media/", f"{folder}/media/")
    with HomeAssistant(program("hass"), folder, broker.port, more) as made:
        yield made


@pytest.fixture(scope="module")
def camera(hub, broker, tmp_path_factory):
    settings = {"name": "Porch", "pubinterval": "0", "adminpass": WORD}
    with Simulator(tmp_path_factory.mktemp("camera"), broker.uri, settings) as made:
        made.wait_status("camera ready")
        made.command('camera {"framesize": "SVGA"}')
        made.command("capture")
        missing = (None, "unknown", "unavailable")
        hub.wait(lambda: hub.state("image.porch_picture") not in missing, what="a picture")
        yield made


def test_button_at_night_takes_a_picture_with_the_lamp_on(camera, hub):
    hub.set_state("sun.sun", "below_horizon")
    camera.control("press")
    hub.wait(lambda: list(hub.media.glob("porch-*.jpg")), what="a saved picture")
    hub.wait(lambda: hub.states()[AUTOMATION]["attributes"]["current"] == 0, what="its end")
    (saved,) = hub.media.glob("porch-*.jpg")
    check(saved.read_bytes(), SIZE)
    assert camera.command("power") == "off"


def test_button_by_day_takes_none(camera, hub):
    hub.set_state("sun.sun", "above_horizon")
    before = hub.states()
    camera.control("press")
    button = "event.porch_button"
    hub.wait(lambda: hub.state(button) != before[button]["state"], what="the event")
    attributes = hub.states()[AUTOMATION]["attributes"]
    assert attributes["last_triggered"] == before[AUTOMATION]["attributes"]["last_triggered"]
    camera.command("power off")


def test_motion_saves_its_picture(camera, hub):
    camera.command("motionpictures 3")
    camera.command("motion pin")
    camera.control("drive", pin=13, level=1)
    hub.wait(lambda: list(hub.media.glob("motion-porch-*.jpg")), what="a saved picture")
    camera.command("motion off")
    camera.control("drive", pin=13)
    (saved,) = hub.media.glob("motion-porch-*.jpg")
    check(saved.read_bytes(), SIZE)


@pytest.mark.parametrize("integration", ["mjpeg", "generic"])
def test_camera_without_mqtt(camera, hub, integration):
    still, login = camera.url + "/snapshot.jpg", {"username": "admin", "password": WORD}
    entered = {
        "mjpeg": [{"name": "Live", "mjpeg_url": camera.url + "/mjpg", "still_image_url": still}],
        "generic": [{"still_image_url": still, "framerate": 2, "authentication": "basic"},
                    {"confirmed_ok": True}],
    }[integration]  # fmt: skip
    entered[0].update(login)
    known = set(hub.states())
    hub.add(integration, *entered)
    new = hub.wait(lambda: set(hub.states()) - known, what="the entity")
    (entity_id,) = [each for each in new if each.startswith("camera.")]
    first = check(hub.picture(entity_id), SIZE)
    hub.wait(lambda: check(hub.picture(entity_id), SIZE) > first, what="a newer picture")


def test_card_and_device_page(camera, hub):
    """A browser shows both; their pictures are in build/screenshots."""
    card = yaml.safe_load((FOLDER / "home-assistant-card.yaml").read_text())
    used = [row["entity"] for row in card["entities"]] + [card["camera_image"]]
    assert set(used) <= set(hub.states())
    view = {"title": "Home", "cards": [card]}
    hub.ask("lovelace/config/save", config={"views": [view]})
    (device,) = hub.devices()
    with Browser() as browser, browser.page(hub.url, SCREEN) as page:
        page.add_init_script(LOGIN % json.dumps(hub.token))
        page.goto("/lovelace/0")
        page.locator("hui-picture-glance-card hui-image img").wait_for()
        page.get_by_text("Porch").first.wait_for()
        screenshot(page, "home-assistant-card")
        page.goto("/config/devices/device/" + device["id"])
        page.get_by_text("Take a picture").first.wait_for()
        screenshot(page, "home-assistant-device")
        page.errors.clear()  # the hub's own
