"""The camera in a real Home Assistant: entities, controls, availability, restarts."""

import json

import pytest
from appupdates import SIMULATED, SUMMARY, release, update
from homeassistant import HomeAssistant
from mosquitto import Mosquitto
from sim import Simulator, wait_until
from update.archive import application

from app.mqtt.entities import ENTITIES

NAME = "Front door"
PREFIX = "front_door_"
PERIODS = {"pubinterval": "1", "teleperiod": "1"}
OFF_BY_DEFAULT = {row[0] for row in ENTITIES if "enabled_by_default" in row[6]}
AVAILABLE_S = 5
CONFIG = "homeassistant/device/DVES_A1B2C3/config"


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Mosquitto(tmp_path_factory.mktemp("broker")) as made:
        yield made


@pytest.fixture(scope="module")
def hub(program, broker, tmp_path_factory):
    with HomeAssistant(program("hass"), tmp_path_factory.mktemp("hub"), broker.port) as made:
        yield made


@pytest.fixture(scope="module")
def camera(hub, broker, tmp_path_factory):
    settings = {**PERIODS, "name": NAME, "motion": "pin", "motionpause": "1"}
    with Simulator(tmp_path_factory.mktemp("camera"), broker.uri, settings) as made:
        made.wait_status("mqtt connected")
        hub.wait(lambda: known(hub), 60, "all states")
        yield made


@pytest.fixture(autouse=True)
def periods(camera):
    """Set what another test has changed; a power cut may have come before that was stored."""
    for name, value in PERIODS.items():
        camera.command(f"{name} {value}")


def entity(key):
    """Return the id of an entity."""
    platform = next(row[1] for row in ENTITIES if row[0] == key)
    return f"{platform}.{PREFIX}{key}"


def enabled():
    """Return the ids of the entities that have states."""
    return {entity(row[0]) for row in ENTITIES if row[0] not in OFF_BY_DEFAULT}


def without_state(states):
    """Return the ids of the entities that have no value yet.

    Buttons and events start so, and motion as long as the camera does not look for it.
    """
    empty = ("unknown", "unavailable")
    stateless = ("button.", "event.", entity("motion"))
    return {
        name
        for name in enabled()
        if name not in states
        or (states[name]["state"] in empty and not name.startswith(stateless))
    }


def same(state, expected):
    """Compare states; the hub shows negative numbers with a fraction."""
    return state in (expected, expected + ".0")


def known(hub):
    """Return True once every entity has a value."""
    return not without_state(hub.states())


def test_every_entity_appears_with_a_value(camera, hub):
    assert without_state(hub.states()) == set()
    registry = hub.entities()
    assert set(registry) == enabled() | {entity(key) for key in OFF_BY_DEFAULT}
    assert {row["disabled_by"] for row in registry.values()} == {None, "integration"}


def test_device(camera, hub):
    (device,) = hub.devices()
    assert (device["name"], device["model"]) == (NAME, "ESP32-CAM")
    assert device["connections"] == [["mac", "24:0a:c4:a1:b2:c3"]]
    assert device["configuration_url"].startswith("http://192.168.")


@pytest.mark.parametrize(
    ("key", "service", "data", "command", "expected"),
    [
        ("lamp", "turn_on", {}, "power", "on"),
        ("lamp", "turn_off", {}, "power", "off"),
        ("interval", "set_value", {"value": 5}, "pubinterval", "5"),
        ("interval", "set_value", {"value": 1}, "pubinterval", "1"),
        ("detection", "select_option", {"option": "both"}, "motion", "both"),
        ("detection", "select_option", {"option": "pin"}, "motion", "pin"),
    ],
)
def test_commands_and_settings(camera, hub, key, service, data, command, expected):
    hub.call(entity(key), service, **data)
    wait_until(lambda: camera.command(command) == expected, what=expected, every_s=0.1)
    hub.wait(lambda: hub.state(entity(key)) == expected, what="the state in the hub")


@pytest.mark.parametrize(
    ("key", "service", "data", "name", "expected", "shown"),
    [
        ("size", "select_option", {"option": "VGA"}, "framesize", 8, "VGA"),
        ("effect", "select_option", {"option": "Sepia"}, "special_effect", 6, "Sepia"),
        ("effect", "select_option", {"option": "Normal"}, "special_effect", 0, "Normal"),
        ("light", "select_option", {"option": "Sunny"}, "wb_mode", 1, "Sunny"),
        ("quality", "set_value", {"value": 12}, "quality", 12, "12"),
        ("brightness", "set_value", {"value": -1}, "brightness", -1, "-1"),
        ("contrast", "set_value", {"value": 2}, "contrast", 2, "2"),
        ("saturation", "set_value", {"value": 1}, "saturation", 1, "1"),
        ("exposure", "set_value", {"value": -2}, "ae_level", -2, "-2"),
        ("mirror", "turn_on", {}, "hmirror", 1, "on"),
        ("flip", "turn_on", {}, "vflip", 1, "on"),
        ("flip", "turn_off", {}, "vflip", 0, "off"),
        ("night", "turn_on", {}, "nightmode", 1, "on"),
        ("night", "turn_off", {}, "nightmode", 0, "off"),
    ],
)
def test_camera_parameters(camera, hub, key, service, data, name, expected, shown):
    hub.call(entity(key), service, **data)
    wait_until(lambda: json.loads(camera.command("camera"))[name] == expected, every_s=0.1)
    hub.wait(lambda: same(hub.state(entity(key)), shown), what="the state in the hub")


def test_changes_elsewhere_show_in_the_hub(camera, hub):
    camera.command('camera {"contrast": -1}')
    hub.wait(lambda: same(hub.state(entity("contrast")), "-1"), what="the parameter")
    camera.control("press")
    hub.wait(lambda: hub.state(entity("lamp")) == "on", what="the lamp")
    event = hub.wait(lambda: hub.states()[entity("button")], what="the event")
    assert event["attributes"]["event_type"] == "press"
    camera.command("power off")


def test_motion(camera, hub):
    """Its entity follows the sensor, and is there while motion detection is on."""
    motion = entity("motion")
    for level, state in ((1, "on"), (0, "off")):
        camera.control("drive", pin=13, level=level)
        hub.wait(lambda state=state: hub.state(motion) == state, what=state)
    camera.command("motion off")
    hub.wait(lambda: motion not in hub.entities(), what="no such entity")
    camera.command("motion pin")
    hub.wait(lambda: known(hub), what="the entity")


def test_pictures_are_new_and_on_demand(camera, hub):
    camera.command("pubinterval 0")
    before = hub.state(entity("picture"))
    hub.call(entity("capture"), "press")
    hub.wait(lambda: hub.state(entity("picture")) != before, what="a new picture")


def test_live_view_on_demand(camera, hub):
    hub.call(entity("golive"), "press")
    wait_until(lambda: int(camera.command("live")) > 50, what="the live view")
    shown = lambda: hub.picture(entity("live"))  # noqa: E731
    first = hub.wait(lambda: (shown() or b"")[:2] == b"\xff\xd8" and shown(), what="a picture")
    hub.wait(lambda: shown() != first, what="the next picture")
    camera.command("live 0")


def test_availability_follows_within_5_s(camera, hub):
    camera.control("power_cut")
    gone = lambda: hub.state(entity("lamp")) == "unavailable"  # noqa: E731
    hub.wait(gone, AVAILABLE_S, "the last will")
    boots = camera.facts["boots"]
    camera.control("power_on")
    camera.wait_boot(boots + 1)
    camera.wait_status("mqtt connected")
    hub.wait(lambda: not gone(), AVAILABLE_S, "the return")
    hub.wait(lambda: known(hub), what="all states")


def test_nothing_is_unknown_after_a_restart_of_the_hub(camera, hub):
    camera.command("teleperiod 0")  # what the broker keeps is enough
    hub.restart()
    hub.wait(lambda: known(hub), what="all states")


def test_nothing_is_unknown_after_a_restart_of_the_broker(camera, hub, broker):
    """The broker keeps nothing over its own restart here."""
    broker.kill()
    broker.start()
    camera.wait_status("mqtt connected", 60)
    hub.wait(lambda: known(hub), 60, "all states")


def test_camera_problem(camera, hub):
    hub.wait(lambda: hub.state(entity("problem")) == "off", what="a camera without a problem")
    camera.control("camera", fault="absent")
    hub.wait(lambda: hub.state(entity("problem")) == "on", what="the problem")
    camera.control("camera", fault=None)
    hub.wait(lambda: hub.state(entity("problem")) == "off", 60, "the recovery")


def wait_firmware(hub, state, limit_s=60, **wanted):
    """Wait until the update entity has a state and attributes; return its attributes."""

    def attributes():
        found = hub.states()[entity("firmware")]
        known = found["attributes"]
        is_so = all(known.get(key) == value for key, value in wanted.items())
        return known if found["state"] == state and is_so else None

    return hub.wait(attributes, limit_s, f"{state} {wanted} of the update entity")


def test_release_is_installed_and_kept(camera, hub, tmp_path):
    before = wait_firmware(hub, "off")
    assert before["installed_version"] == before["latest_version"]
    data = update(application(SIMULATED)[0], tmp_path, "7.1.0")
    with release(tmp_path / "release", "7.1.0", data) as url:
        camera.command("otaurl " + url)
        offered = wait_firmware(hub, "on", latest_version="7.1.0", in_progress=False)
        assert offered["installed_version"] == before["installed_version"]
        assert offered["release_summary"] == SUMMARY
        hub.call(entity("firmware"), "install")
        wait_firmware(hub, "off", installed_version="7.1.0", in_progress=False)
        wait_until(lambda: camera.command("mqttotaconfirm 1") == "OTA image already confirmed")
        camera.power_cut()
        camera.wait_status("mqtt connected")
        wait_firmware(hub, "off", installed_version="7.1.0", latest_version="7.1.0")
        assert camera.status("2").startswith("7.1.0, ")


def test_release_that_is_rolled_back_stays_on_offer(camera, hub, tmp_path):
    installed = camera.status("2").partition(",")[0]
    broken = {"app/led.mpy": b"broken"}
    data = update(application(SIMULATED)[0], tmp_path, "7.2.0", **broken)
    with release(tmp_path / "release", "7.2.0", data) as url:
        camera.command("otaurl " + url)
        wait_firmware(hub, "on", latest_version="7.2.0", in_progress=False)
        hub.call(entity("firmware"), "install")
        text = "7.2.0 was rolled back: "
        told = lambda: text in (wait_firmware(hub, "on").get("release_summary") or "")  # noqa: E731
        hub.wait(told, 60, text)
        after = wait_firmware(hub, "on", latest_version="7.2.0", in_progress=False)
        assert after["installed_version"] == installed
    camera.command("otaurl 1")


def test_camera_that_sleeps_is_available_and_runs_what_the_hub_has_sent(camera, hub):
    def asleep():
        return camera.control("sleep")["asleep"]

    def wake():
        boots = camera.facts["boots"]
        camera.control("wake")
        camera.wait_boot(boots + 1)

    camera.command("sleepwait 1")
    hub.call(entity("lamp"), "turn_off")
    hub.call(entity("sleep"), "set_value", value=600)
    wait_until(asleep, what="a camera that sleeps")
    assert hub.state(entity("lamp")) == "off"
    assert hub.state(entity("signal")) != "unavailable"
    hub.call(entity("lamp"), "turn_on")
    wake()
    hub.wait(lambda: hub.state(entity("lamp")) == "on", what="the lamp")
    wait_until(asleep, what="a camera that sleeps")
    hub.restart()
    hub.wait(lambda: hub.state(entity("lamp")) == "on", 60, "an available lamp")
    hub.call(entity("sleep"), "set_value", value=0)
    wake()
    hub.wait(lambda: hub.state(entity("sleep")) == "0", what="a camera that stays awake")
    assert camera.command("deepsleep") == "0"


def test_switched_off_leaves_nothing_behind(camera, hub, broker):
    camera.command("hadiscovery off")
    hub.wait(lambda: not hub.devices() and not hub.entities(), what="an empty registry")
    camera.command("hadiscovery on")
    hub.wait(lambda: known(hub), what="all states")
