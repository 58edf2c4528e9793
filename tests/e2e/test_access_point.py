"""The camera's own access point: of a new board, and when the network fails."""

import concurrent.futures
import socket
import time

import httpx
import pytest
from namequery import AAAA, A, query, resolve
from sim import Simulator, wait_until
from stories import name_of

NO_BROKER = "mqtt://127.0.0.1:1"
HOME = "http://192.168.1.1/"
PROBES = "/generate_204 /hotspot-detect.html /ncsi.txt /canonical.html /success.txt /wpad.dat"
FEW = 3_000


@pytest.fixture(scope="module")
def unconfigured(tmp_path_factory):
    """A new board: nothing is set."""
    with Simulator(tmp_path_factory.mktemp("new"), args=("--ap",)) as made:
        yield made


def own_ap(camera):
    return camera.control("wifi")["ap"]


def fill_in(camera, **fields):
    """The setup page, by curl."""
    answer = httpx.post(camera.url + "/", data={**fields, "save": "Save"}, timeout=10)
    assert answer.status_code == 200 and "sim" in answer.text


def closed(camera):
    wait_until(lambda: not own_ap(camera)["on"], 10, "an access point that is closed")


# A new board


def test_new_board_opens_its_access_point(unconfigured):
    status = unconfigured.wait_status("wifi access point (")
    ap = own_ap(unconfigured)
    assert ap["on"] and ap["ssid"] == "DVES_A1B2C3" and ap["security"] == 0
    assert ap["address"] == "192.168.1.1"
    assert "wifi access point (ssid is not set), access point 192.168.1.1" in status
    assert unconfigured.get("/").status_code == 200


def test_every_name_leads_to_the_camera(unconfigured):
    port = unconfigured.facts["dns"]
    for name in ("captive.apple.com", "connectivitycheck.gstatic.com", "a", "x" * 63 + ".example"):
        assert resolve(port, name) == (0, ["192.168.1.1"])
    assert resolve(port, "captive.apple.com", AAAA) == (0, [])
    assert resolve(port, ".".join(["y" * 60] * 5), A)[0] == 1  # longer than a name can be


@pytest.mark.parametrize("path", PROBES.split())
def test_probes_find_the_page(unconfigured, path):
    answer = httpx.get(unconfigured.url + path, headers={"Host": "captive.example"})
    wanted = {"/success.txt": 200, "/wpad.dat": 404}.get(path, 302)
    assert answer.status_code == wanted
    if wanted == 302:
        assert answer.headers["Location"] == HOME
    assert "Success" not in answer.text


def test_fifty_clients_probes_grow_nothing(unconfigured):
    def visit(number):
        for name in ("captive.apple.com", f"host{number}.example"):
            assert resolve(unconfigured.facts["dns"], name)[0] == 0
        for path in PROBES.split()[number % 2 :: 2]:
            wait_until(lambda path=path: probe(path), 20)

    def probe(path):
        try:  # ten sockets in all: some have to come again, as they do
            return httpx.get(unconfigured.url + path, timeout=5).status_code in (200, 302, 404)
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
    assert heaps[0] - heaps[2] < FEW, heaps
    assert "restarts 0," in unconfigured.status("3")


def test_a_flood_of_rubbish_leaves_the_name_server_alive(unconfigured):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", unconfigured.facts["dns"]))
        for n in range(300):
            packet = query("a.example")
            sock.send((packet[: n % 29], packet + bytes(n), b"\xff" * n, packet[:12])[n % 4])
    assert resolve(unconfigured.facts["dns"], "b.example") == (0, ["192.168.1.1"])


# Stories of their own boards


def from_new_board_to_network(folder):
    """By the page: a wrong password, the right one; then no access point beside the network."""
    with Simulator(folder, args=("--ap",)) as camera:
        camera.control("ap_client", count=1)
        networks = camera.get("/api/networks").json()["networks"]
        assert networks[0] == {"ssid": "sim", "signal": -55, "secured": True}
        assert ["sim guests", False] in [[row["ssid"], row["secured"]] for row in networks]
        fill_in(camera, wifissid="sim", wifipassword="not the right one")
        camera.wait_status("wifi waiting (wrong password), access point 192.168.1.1", 20)
        assert resolve(camera.facts["dns"], "a.example")[1]  # it can be set up again at once
        fill_in(camera, wifipassword="simulated", mqtthost=camera.facts["mqtt"])
        camera.wait_status("wifi joined, mqtt connected", 20)
        closed(camera)
        assert resolve(camera.facts["dns"], "a.example", tries=1) == (None, [])
        assert camera.get("/generate_204").status_code == 404
        assert "access point" not in camera.status()
        before = camera.heap_free()
        assert camera.command("smartconfig 1") == "Smartconfig started"
        camera.wait_status("wifi access point, access point 192.168.1.1")
        wait_until(lambda: camera.get("/generate_204").status_code == 302)
        assert resolve(camera.facts["dns"], "a.example")[1]
        assert "wifi access point" in camera.status()
        camera.command("password2 another-one")  # saved: it tries again
        camera.wait_status("wifi joined", 20)
        closed(camera)
        assert before - camera.heap_free() < 3 * FEW  # names and lines of the log stay


def fallback_and_back(folder):
    """The network is away for `apfallback` seconds: there is another way in until it is back."""
    settings = {"apfallback": "2", "appass": "canary-key", "apip": "10.1.2.3", "apchannel": "6"}
    with Simulator(folder, NO_BROKER, settings) as camera:
        camera.wait_status("wifi joined")
        camera.control("wifi", up=False)
        start = time.monotonic()
        wait_until(lambda: own_ap(camera)["on"], 30)
        assert time.monotonic() - start > 2
        camera.wait_status("access point 10.1.2.3 (")
        ap = own_ap(camera)
        assert (ap["security"], ap["address"], ap["channel"]) == (3, "10.1.2.3", 6)
        assert camera.control("ap_client", password="canary-key")["ap"]["clients"] == 1
        status = camera.wait_status("access point 10.1.2.3 (1 joined)")
        assert "(no such network)" in status
        assert camera.get("/").status_code == 200
        camera.control("wifi", up=True)
        camera.control("ap_client", count=0, password="canary-key")
        camera.wait_status("wifi joined", 35)
        closed(camera)
        camera.command("password not-this-one")  # and saved: setting up can be done again
        camera.wait_status("wrong password), access point 10.1.2.3", 30)
        camera.command("password simulated")
        camera.wait_status("wifi joined", 35)
        closed(camera)
        assert "canary" not in camera.output


def strongest_first(folder):
    """Three networks are known; the best that can be heard is joined, and no false one."""
    settings = {"ssid2": "far", "password2": "far and weak"}
    settings.update(ssid3="near", password3="near and strong")
    with Simulator(folder, NO_BROKER, settings) as camera:
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
        camera.wait_status("(sim: open, but a password is stored; far: no such network", 35)
        since = len(camera.output)
        camera.control("wifi", ssid="sim", up=True)  # the first of that name: the real one
        camera.wait_output("wifi: address", 35, since)


def scan_holds_nobody_up(folder):
    """The chip's scan takes 2.5 s; the loop goes on meanwhile."""
    with Simulator(folder, args=("--ap",), fast=False) as camera:
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            scan = pool.submit(camera.get, "/api/networks")
            answered = []
            while not scan.done():
                with camera.stopwatch() as took:
                    assert camera.get("/api/status").status_code == 200
                answered.append(took.s)
        assert scan.result().json()["networks"][0]["ssid"] == "sim"
        assert scan.result().elapsed.total_seconds() > 2
        assert len(answered) > 2 and max(answered) < 1, answered


STORIES = [from_new_board_to_network, fallback_and_back, strongest_first, scan_holds_nobody_up]


@pytest.mark.parametrize("story", STORIES, ids=name_of)
def test_story(stories, story):
    stories.end_of(story)
