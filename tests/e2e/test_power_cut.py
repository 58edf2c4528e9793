"""Power cuts during a save: each setting is old or new, and no other setting changes."""

import itertools

import pytest
from scenarios import scenario_name
from sim import Simulator, wait_until

OLD = {"topic": "old", "pulse": "1", "timezone": "UTC1", "mqttuser": "before"}
NEW = {"topic": "new", "pulse": "2", "timezone": "UTC2", "mqttuser": "behind"}
KEYS = {
    "topic": "MQTT_TOPIC",
    "pulse": "APP_PULSE",
    "timezone": "APP_TIMEZONE",
    "mqttuser": "MQTT_USER",
}
UNTOUCHED = {"STA_SSID": "sim", "STA_PASS": "simulated", "MQTT_PUBINTERV": 77}
MODES = ("before", "torn", "after")
MAX_OPERATIONS = 12  # more operations than a save of these settings takes


def stored(camera):
    return camera.control("nvs")["nvs"]["syscfg"]


def set_all(camera, values):
    """Type all commands at once so that one save writes them; `topic` restarts the camera."""
    camera.type("".join(f"{name} {value}\n" for name, value in values.items()))


def restore_old(camera):
    """Restore the old values and wait until they are saved."""
    boots = camera.facts["boots"]
    if camera.command("topic") != OLD["topic"]:
        set_all(camera, OLD)
        camera.wait_boot(boots + 1)
    for name, value in OLD.items():
        if camera.command(name) != value:
            camera.command(f"{name} {value}")
    wait_until(lambda: all(is_value(stored(camera), n, v) for n, v in OLD.items()), 5, "the save")


def is_value(entries, name, value):
    return str(entries.get(KEYS[name])) == value


def cut_at(camera, number, mode):
    """Cut the power at flash operation `number` of a save; return False if it has fewer."""
    restore_old(camera)
    boots = camera.facts["boots"]
    done = camera.control("flash")["operations"]
    camera.control("power_cut", after_ops=number, mode=mode)
    set_all(camera, NEW)
    wait_until(
        lambda: restarted_or_cut(camera, boots, done, number), 10, "the cut, or the restart", 0.05
    )
    reached = camera.control("flash")["operations"] - done >= number
    camera.control("power_on")
    camera.wait_boot(boots + 1)
    entries = stored(camera)
    for name in KEYS:
        new = is_value(entries, name, NEW[name])
        assert new or is_value(entries, name, OLD[name]), (name, entries.get(KEYS[name]))
        assert camera.command(name) == (NEW if new else OLD)[name]
    for key, value in UNTOUCHED.items():
        assert entries[key] == value
    assert camera.get("/").status_code == 200
    return reached


def restarted_or_cut(camera, boots, done, number):
    """Return True if the board has restarted or lost its power."""
    count = camera.control("flash")["operations"] - done
    return camera.facts["boots"] > boots or count >= number


def every_operation(folder, mode):
    settings = {**OLD, "pubinterval": "77"}
    with Simulator(folder, "mqtt://127.0.0.1:1", settings) as camera:
        for number in itertools.count(1):
            if not cut_at(camera, number, mode):
                break
            assert number < MAX_OPERATIONS
        assert number > len(NEW)  # at least one for each setting


def before(folder):
    every_operation(folder, "before")


def torn(folder):
    every_operation(folder, "torn")


def after(folder):
    every_operation(folder, "after")


def twice(folder):
    """Cut the power again during the start."""
    settings = {**OLD, "pubinterval": "77"}
    with Simulator(folder, "mqtt://127.0.0.1:1", settings) as camera:
        for mode in MODES:
            cut_at(camera, 2, mode)
            camera.control("power_cut")
            camera.control("power_on")
            camera.control("power_cut")
            boots = camera.facts["boots"]
            camera.control("power_on")
            camera.wait_boot(boots + 1)
            assert camera.get("/").status_code == 200


def settings_survive_a_cut(folder):
    """Save a setting within a second of its change, and only if its value differs."""
    with Simulator(folder, "mqtt://127.0.0.1:1") as camera:
        camera.command("timezone UTC3")
        wait_until(lambda: saved(camera, "APP_TIMEZONE", "UTC3"), 1.5, "the save")
        before = camera.control("flash")["operations"]
        for _ in range(3):
            camera.command("timezone UTC3")
            camera.command("pubinterval 5")
        camera.power_cut()
        assert camera.command("timezone") == "UTC3"
        assert camera.control("flash")["operations"] == before


def full_flash_loses_nothing(folder):
    """A value is saved once there is room; until then a restart brings back the old one."""
    settings = {"mqttuser": "before", "password": "simulated"}
    with Simulator(folder, "mqtt://127.0.0.1:1", settings) as camera:
        camera.control("nvs", full=True, loses=True)
        camera.command("mqttuser behind")
        camera.wait_output("settings: ! not saved")
        camera.power_cut()
        assert camera.command("mqttuser") == "before"
        camera.control("nvs", full=False)
        camera.command("mqttuser behind")
        wait_until(lambda: saved(camera, "MQTT_USER", "behind"), 5, "the save")
        camera.control("nvs", damage="syscfg/MQTT_USER")
        camera.power_cut()
        camera.wait_output("the stored mqttuser is unusable: the default is in force")
        assert camera.command("mqttuser") == "" and camera.get("/").status_code == 200


def saved(camera, key, value):
    """Return True once a value is stored and its save is complete."""
    entries = stored(camera)
    return entries.get(key) == value and "SAVE_JOURNAL" not in entries


SLOW = [before, torn, after, twice, settings_survive_a_cut, full_flash_loses_nothing]


@pytest.mark.parametrize("scenario", SLOW, ids=scenario_name)
def test_slow(scenarios, scenario):
    scenarios.wait_for(scenario)
