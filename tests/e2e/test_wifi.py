"""Lost Wi-Fi, changed networks and refused passwords: the camera waits and recovers."""

import time

import httpx
import pytest
from listener import Listener
from mosquitto import Mosquitto
from pictures import check
from scenarios import scenario_name
from sim import TOPIC, Simulator, wait_until

IMAGE = f"data/{TOPIC}/image"
LWT = f"tele/{TOPIC}/LWT"
RECOVERY_S = 35
SETTINGS = {"pubinterval": "1", "mqttkeepalive": "10"}


def reachable(camera):
    try:
        return camera.get("/", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def away_and_back(folder):
    with Mosquitto(folder / "broker") as broker:
        with Simulator(folder / "camera", broker.uri, SETTINGS) as camera:
            with Listener(broker.port) as client:
                client.wait(IMAGE)
                for away_s in (0, 3):
                    camera.control("wifi", up=False)
                    camera.wait_status("mqtt offline (no Wi-Fi)", 20)
                    assert "wifi joined" not in camera.status()
                    client.wait(LWT, b"Offline", limit_s=20, since=len(client.messages) - 5)
                    assert not reachable(camera)
                    time.sleep(away_s)  # the outage itself
                    since = len(client.messages)
                    camera.control("wifi", up=True)
                    start = time.monotonic()
                    client.wait(LWT, b"Online", limit_s=RECOVERY_S, since=since)
                    check(client.wait(IMAGE, limit_s=10, since=since).payload)
                    wait_until(lambda: reachable(camera), 5, "the page")
                    assert time.monotonic() - start < RECOVERY_S
                    assert client.command("pubinterval") == "1"
            assert broker.log.count("as DVES_A1B2C3 (p2") == 3  # one session each time
            status = camera.status("3")
            assert "wifi joins 3," in status and "restarts 0," in status


def absent_at_start(folder):
    settings = {"ssid": "other"}
    camera = Simulator(folder, "mqtt://127.0.0.1:1", settings)
    try:
        camera.start(ready=False)
        camera.wait_output("no such network", 20)
        camera.type("ssid sim\n")  # the UART needs no network
        camera.wait_boot(1, RECOVERY_S)
        assert reachable(camera)
    finally:
        camera.stop()


def no_address(folder):
    """Associated without an address, until the DHCP server answers."""
    with Mosquitto(folder / "broker") as broker:
        with Simulator(folder / "camera", broker.uri, SETTINGS) as camera:
            camera.wait_status("mqtt connected")
            camera.control("wifi", dhcp=False)
            since = len(camera.output)
            camera.control("power_cut")
            camera.control("power_on")
            camera.wait_output("wifi: joining", 10, since)
            camera.wait_status("wifi waiting (no address)", 25)
            assert not reachable(camera)
            camera.control("wifi", dhcp=True)
            camera.wait_status("mqtt connected", RECOVERY_S)
            assert reachable(camera)


def wrong_password(folder):
    with Mosquitto(folder / "broker") as broker:
        with Simulator(folder / "camera", broker.uri, SETTINGS) as camera:
            camera.wait_status("mqtt connected")
            camera.control("wifi", password="another-one")
            assert "wrong password" in camera.wait_status("password", 25)
            assert camera.command("password another-one") == "***"
            camera.wait_status("mqtt connected", 10)  # a new password causes an immediate retry
            assert "another-one" not in camera.output.replace("password another-one", "")
            camera.control("wifi", ssid="elsewhere")
            camera.wait_status("no such network", 25)


def blackhole(folder):
    """Detect a dead broker by its silence while the link stays up."""
    with Mosquitto(folder / "broker") as broker:
        with Simulator(folder / "camera", broker.uri, SETTINGS) as camera:
            camera.wait_status("mqtt connected")
            broker.freeze()
            start = time.monotonic()
            camera.wait_status("mqtt waiting (", 20)
            assert time.monotonic() - start < 16
            assert reachable(camera)
            broker.thaw()
            camera.wait_status("mqtt connected", RECOVERY_S)


SLOW = [no_address, wrong_password, away_and_back, blackhole, absent_at_start]


@pytest.mark.parametrize("scenario", SLOW, ids=scenario_name)
def test_slow(scenarios, scenario):
    scenarios.wait_for(scenario)
