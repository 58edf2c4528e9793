"""A camera with little memory: a board without PSRAM, and Wi-Fi that finds none at the start."""

import contextlib
import json

import pytest
from listener import Listener
from mosquitto import Mosquitto
from scenarios import scenario_name
from sim import TOPIC, Simulator, need_32_bits, wait_until

WHY = "this board has no PSRAM, which pictures need"
ALL = 1 << 20  # more than the chip has


def board_without_psram(folder):
    """It serves pages and commands, and says why it has no pictures."""
    with without_psram(folder, "uri") as (camera, client):
        status = camera.wait_status("mqtt connected")
        assert "wifi joined" in status and f"camera absent ({WHY})" in status
        assert camera.heap_free() > 55_000  # pages, not yet loaded, take 30 KB; TLS takes 27
        serves_all_but_pictures(camera)
        ram = telemetry(client)["InternalRAM"]
        assert 0 < ram["Largest"] <= ram["Free"] < 110_592
        works(camera, client)


def tls_without_psram(folder):
    """With TLS it has as much to say; pages are served, or refused for lack of memory."""
    with without_psram(folder, "tls_uri") as (camera, client):
        camera.wait_status("mqtt connected, tls ca")
        assert telemetry(client)["Camera"]["State"] == "absent"
        serves_what_fits(camera)
        works(camera, client)


@contextlib.contextmanager
def without_psram(folder, uri):
    """Yield (camera, client of its broker); uri: the attribute of the broker that it uses."""
    need_32_bits()
    with Mosquitto(folder / "broker", tls=True) as broker, Listener(broker.port) as client:
        settings = {"mqttca": f"@{broker.ca_file}", "pubinterval": "1"}
        args = ["--psram", "none"]
        with Simulator(folder / "camera", getattr(broker, uri), settings, args) as camera:
            yield camera, client


def works(camera, client):
    assert client.command("power", "on") == "on"
    assert "restarts 0," in camera.status("3")
    assert camera.facts["boots"] == 1


def serves_all_but_pictures(camera):
    for path in ("/", "/setup", "/api/settings", "/api/networks"):
        assert camera.get(path).status_code == 200, path
    state = camera.get("/api/status").json()["camera"]
    assert (state["state"], state["reason"]) == ("absent", WHY)
    for path in ("/capture", "/mjpg"):
        response = camera.get(path)
        assert response.status_code == 503
        assert f"{WHY}. Trying again does not help" in response.text
        assert "Retry-After" not in response.headers


def serves_what_fits(camera):
    """Beside TLS, memory is so short that a page may be refused, but never without the reason."""
    for path in ("/", "/api/settings", "/api/networks", "/api/status", "/"):
        response = camera.get(path)
        assert response.status_code == 200 or "short of memory" in response.text, path


def telemetry(client):
    since = len(client.messages)
    client.command("status")
    return json.loads(client.wait(f"tele/{TOPIC}/STATE", since=since).payload)


def no_memory_for_wifi(folder):
    """The camera says so, can be interrupted, and starts by itself once there is some."""
    with Simulator(folder) as camera:
        camera.control("memory", reserve=ALL)
        said = fail_to_start(camera)
        camera.type("\x03")
        camera.wait_output(">>> ", since=said)
        before = lit_at(camera)[-1]
        fail_to_start(camera)
        wait_until(lambda: len(lit_at(camera, before)) > 3, what="flashes of the LED")
        first, second, third, fourth = lit_at(camera, before)[:4]
        assert second - first < 600 and third - second < 600 and fourth - third > 1_200
        camera.control("memory", reserve=0)
        camera.wait_boot(4)
        camera.wait_status("wifi joined")
        camera.wait_status("camera ready")  # not safe mode
        assert "Traceback" not in camera.output


def fail_to_start(camera):
    """Switch the power off and on; return the position in the output of what the camera says."""
    since = len(camera.output)
    camera.control("power_cut")
    camera.control("power_on")
    camera.wait_output("Wi-Fi does not start: not enough memory for Wi-Fi.", since=since)
    return camera.wait_output("The camera restarts in 10 s to try again.", since=since)


def lit_at(camera, since=0):
    """Return the times after `since` at which the LED was lit, in ms."""
    return [ms for ms, level in camera.control("pins")["led"] if level == 0 and ms > since]


def no_memory_to_join(folder):
    """The camera says why it does not join, and retries."""
    with Simulator(folder) as camera:
        camera.wait_status("wifi joined")
        camera.control("memory", reserve=ALL)
        camera.command("ssid other")
        camera.wait_status("not enough memory for Wi-Fi")
        camera.command("ssid sim")
        camera.control("memory", reserve=0)
        camera.wait_status("wifi joined")
        assert "restarts 0," in camera.status("3")


SCENARIOS = (board_without_psram, tls_without_psram, no_memory_for_wifi, no_memory_to_join)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=scenario_name)
def test(scenarios, scenario):
    scenarios.wait_for(scenario)
