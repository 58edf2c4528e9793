"""The camera's access point: on a new board and as a fallback."""

import concurrent.futures
import time

import httpx
import pytest
from dns_client import AAAA, A, resolve
from scenarios import scenario_name
from sim import Simulator, wait_until

NO_BROKER = "mqtt://127.0.0.1:1"
HOME = "http://192.168.1.1/"
SAMSUNG = "4.3.2.1"  # the only address at which some phones look for a set-up page
PROBES = "/generate_204 /hotspot-detect.html /ncsi.txt /canonical.html /success.txt /wpad.dat"
MARGIN_BYTES = 3_000


@pytest.fixture(scope="module")
def unconfigured(tmp_path_factory):
    """Board without settings."""
    with Simulator(tmp_path_factory.mktemp("new"), args=("--ap",)) as made:
        yield made


def ap_state(camera):
    return camera.control("wifi")["ap"]


def fill_in(camera, **fields):
    """Submit the setup form."""
    response = httpx.post(
        camera.url + "/", data={**fields, "save": "Save"}, timeout=10, trust_env=False
    )
    assert response.status_code == 200 and "sim" in response.text


def wait_closed(camera):
    wait_until(lambda: not ap_state(camera)["on"], 10, "a closed access point")


# A new board


def test_new_board_opens_its_access_point(unconfigured):
    status = unconfigured.wait_status("wifi access point (")
    ap = ap_state(unconfigured)
    assert ap["on"] and ap["ssid"] == "DVES_A1B2C3" and ap["security"] == 0
    assert ap["address"] == "192.168.1.1"
    assert "wifi access point (ssid is not set), access point 192.168.1.1" in status
    assert unconfigured.get("/").status_code == 200


def test_every_name_resolves_to_the_camera(unconfigured):
    port = unconfigured.facts["dns"]
    for name in ("captive.apple.com", "connectivitycheck.gstatic.com", "a", "x" * 63 + ".example"):
        assert resolve(port, name) == (0, ["192.168.1.1"])
    assert resolve(port, "captive.apple.com", AAAA) == (0, [])
    assert resolve(port, ".".join(["y" * 60] * 5), A)[0] == 1  # exceeds 255 bytes


@pytest.mark.parametrize("path", PROBES.split())
def test_captive_portal_probes_are_redirected(unconfigured, path):
    response = httpx.get(
        unconfigured.url + path, headers={"Host": "captive.example"}, trust_env=False
    )
    wanted = {"/success.txt": 200, "/wpad.dat": 404}.get(path, 302)
    assert response.status_code == wanted
    if wanted == 302:
        assert response.headers["Location"] == HOME
    assert "Success" not in response.text


@pytest.mark.slow
def test_probes_of_fifty_clients_do_not_leak_heap(unconfigured):
    def visit(number):
        for name in ("captive.apple.com", f"host{number}.example"):
            assert resolve(unconfigured.facts["dns"], name)[0] == 0
        for path in PROBES.split()[number % 2 :: 2]:
            wait_until(lambda path=path: probe(path), 20)

    def probe(path):
        try:  # only ten sockets, so some clients have to retry
            return httpx.get(unconfigured.url + path, timeout=5, trust_env=False).status_code in (
                200,
                302,
                404,
            )
        except httpx.TransportError:
            return False

    heaps = []
    for _ in range(3):
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            list(pool.map(visit, range(17)))
        unconfigured.control("ap_client", count=4)
        unconfigured.control("ap_client", count=0)
        wait_until(lambda: "(0 joined)" in unconfigured.status())
        heaps.append(unconfigured.heap_free())
    assert heaps[0] - heaps[2] < MARGIN_BYTES, heaps
    assert "restarts 0," in unconfigured.status("3")


# Scenarios on separate boards


def set_up_a_new_board(folder):
    """Set up a board by its page, with a wrong password first; then the access point closes."""
    with Simulator(folder, args=("--ap",)) as camera:
        camera.control("ap_client", count=1)
        networks = camera.get("/api/networks").json()["networks"]
        assert networks[0] == {"ssid": "sim", "signal": -55, "secured": True}
        assert ["sim guests", False] in [[row["ssid"], row["secured"]] for row in networks]
        fill_in(camera, wifissid="sim", wifipassword="not the right one")
        camera.wait_status("wifi waiting (wrong password), access point 192.168.1.1", 20)
        assert resolve(camera.facts["dns"], "a.example")[1]  # to correct the password
        fill_in(camera, wifipassword="simulated", mqtthost=camera.facts["mqtt"])
        camera.wait_status("wifi joined, mqtt connected", 20)
        wait_closed(camera)
        assert resolve(camera.facts["dns"], "a.example", tries=1) == (None, [])
        assert camera.get("/generate_204").status_code == 404
        assert "access point" not in camera.status()
        before = camera.heap_free()
        assert camera.command("smartconfig 1") == "Smartconfig started"
        camera.wait_status("wifi access point, access point 192.168.1.1")
        wait_until(lambda: camera.get("/generate_204").status_code == 302)
        assert resolve(camera.facts["dns"], "a.example")[1]
        assert "wifi access point" in camera.status()
        camera.command("password2 another-one")  # a changed network makes it join again
        camera.wait_status("wifi joined", 20)
        wait_closed(camera)
        # interned names and log lines remain
        assert before - camera.heap_free() < 3 * MARGIN_BYTES


def unknown_network_on_a_new_board(folder):
    """An unknown network is retried without limit while the access point stays open."""
    with Simulator(folder, args=("--ap",)) as camera:
        assert camera.command("ssid nosuch") == "nosuch"
        camera.wait_output("wifi: ! no such network", 20)
        camera.wait_status("(no such network), access point 192.168.1.1", 10)
        assert "restarts 0," in camera.status("3")
        assert camera.get("/").status_code == 200
        assert camera.facts["boots"] == 1 and ">>>" not in camera.output
        camera.command("ssid sim")
        camera.command("password simulated")
        camera.wait_status("wifi joined", 20)
        wait_closed(camera)


def fallback_access_point(folder):
    """The access point opens after `apfallback` seconds without network, until it returns."""
    settings = {"apfallback": "2", "appass": "canary-key", "apip": SAMSUNG, "apchannel": "6"}
    with Simulator(folder, NO_BROKER, settings) as camera:
        camera.wait_status("wifi joined")
        camera.control("wifi", up=False)
        start = time.monotonic()
        wait_until(lambda: ap_state(camera)["on"], 30)
        assert time.monotonic() - start > 2
        camera.wait_status(f"access point {SAMSUNG} (")
        ap = ap_state(camera)
        assert (ap["security"], ap["address"], ap["channel"]) == (3, SAMSUNG, 6)
        assert resolve(camera.facts["dns"], "connectivitycheck.gstatic.com") == (0, [SAMSUNG])
        away, here = {"Host": "a.example"}, {"Host": SAMSUNG}
        probe = httpx.get(camera.url + "/generate_204", headers=away, trust_env=False)
        assert (probe.status_code, probe.headers["Location"]) == (302, f"http://{SAMSUNG}/")
        page = httpx.get(camera.url + "/", headers=here, trust_env=False)
        assert page.status_code == 200 and "Set up the camera" in page.text
        assert camera.control("ap_client", password="canary-key")["ap"]["clients"] == 1
        status = camera.wait_status(f"access point {SAMSUNG} (1 joined)")
        assert "(no such network)" in status
        assert camera.get("/").status_code == 200
        camera.control("wifi", up=True)
        camera.control("ap_client", count=0, password="canary-key")
        camera.wait_status("wifi joined", 35)
        wait_closed(camera)
        camera.command("password not-this-one")  # the access point opens for the correction
        camera.wait_status(f"wrong password), access point {SAMSUNG}", 30)
        camera.command("password simulated")
        camera.wait_status("wifi joined", 35)
        wait_closed(camera)
        assert "canary" not in camera.output


def strongest_network_first(folder):
    """Join the strongest of three known networks, but no open network of the same name."""
    settings = {"ssid2": "far", "password2": "far and weak"}
    settings.update(ssid3="near", password3="near and strong")
    with Simulator(folder, NO_BROKER, settings) as camera:
        camera.wait_status("wifi joined")  # an attempt under way knows only what it has seen
        camera.control("wifi", add=True, ssid="far", password="far and weak", rssi=-85)
        camera.control("wifi", add=True, ssid="near", password="near and strong", rssi=-40)
        for gone, wanted in (("sim", "near"), ("near", "far")):
            since = len(camera.output)
            camera.control("wifi", ssid=gone, up=False)
            since = camera.wait_output("joining " + wanted, 35, since)
            camera.wait_output("wifi: address", 35, since)
            assert camera.get("/api/status").json()["wifi"]["ssid"] == wanted
        camera.control("wifi", add=True, ssid="sim", password="", rssi=-10)
        camera.control("wifi", ssid="far", up=False)
        camera.wait_status("(sim: open, but a password is stored; far: no such network", 60)
        since = len(camera.output)
        camera.control("wifi", ssid="sim", up=True)  # brings back the original network
        camera.wait_output("wifi: address", 35, since)


def scan_does_not_block_requests(folder):
    """The event loop keeps running during a scan of 2.5 s."""
    with Simulator(folder, args=("--ap",), fast=False) as camera:
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            scan = pool.submit(camera.get, "/api/networks")
            durations = []
            while not scan.done():
                with camera.stopwatch() as took:
                    assert camera.get("/api/status").status_code == 200
                durations.append(took.s)
        assert scan.result().json()["networks"][0]["ssid"] == "sim"
        assert scan.result().elapsed.total_seconds() > 2
        assert len(durations) > 2 and max(durations) < 1, durations


SCENARIOS = [
    set_up_a_new_board,
    unknown_network_on_a_new_board,
    fallback_access_point,
    strongest_network_first,
    scan_does_not_block_requests,
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=scenario_name)
def test_scenario(scenarios, scenario):
    scenarios.wait_for(scenario)
