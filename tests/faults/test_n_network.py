"""Network as a whole: Wi-Fi is lost and returns, addresses change, look-ups fail."""

import contextlib
import re
import time

import pytest
from invariants import invariants
from listener import Listener
from mosquitto import Mosquitto
from recovery import IMAGE, LWT, SESSION, fill_log, publishing, recover, served
from sidebyside import side_by_side
from sim import Simulator, wait_until

SETTINGS = {"pubinterval": "1", "mqttkeepalive": "10"}
LOSSES = {  # what happens to the network, in order; what brings it back; the chip's status code
    "out of range (201)": ([{"up": False}], {"up": True}),
    "another password (202)": ([{"password": "changed-it"}], {"password": "simulated"}),
    "refuses stations (203)": ([{"up": False}, {"up": True, "refuses": True}], {"refuses": False}),
    "no address (1001)": ([{"up": False}, {"up": True, "dhcp": False}], {"dhcp": True}),
}


@contextlib.contextmanager
def system(folder, host="127.0.0.1", **settings):
    """Camera with a broker and a client of its own; its first picture has arrived."""
    with Mosquitto(folder / "broker") as broker:
        uri = f"mqtt://{host}:{broker.port}"
        with Simulator(folder / "camera", uri, {**SETTINGS, **settings}) as camera:
            with Listener(broker.port) as client:
                client.wait(LWT, b"Online")
                client.wait(IMAGE)
                assert served(camera)  # also imports the pages
                fill_log(camera)
                yield broker, camera, client


# N1


@pytest.mark.slow
def test_n1_access_point_absent_at_the_start(row, tmp_path):
    """Meanwhile the UART works and the access point opens; then it joins without a restart."""
    absences = 5, 30, 60
    jobs = {
        f"absent for {away_s} s": lambda s=away_s: start_without_network(row, tmp_path / str(s), s)
        for away_s in absences
    }
    side_by_side(row, jobs)
    row.figure("longest absence", max(absences), "s")


def start_without_network(row, folder, away_s):
    with system(folder, apfallback="10") as (_, camera, client):
        camera.control("wifi", up=False)
        camera.control("power_cut")
        camera.control("power_on")
        shown = len(camera.output)
        camera.wait_output("no such network", since=shown)
        end = time.monotonic() + away_s
        while time.monotonic() < end:
            assert re.search("wifi (waiting|joining)", camera.status())
            assert camera.command("pubinterval") == "1"
            time.sleep(0.5)  # between two checks
        if away_s > 20:
            assert camera.control("wifi")["ap"]["on"]
        since = client.catch_up()
        camera.control("wifi", up=True)
        recover(camera, client, row, since)
        assert not camera.control("wifi")["ap"]["on"]
        assert camera.output.count("started by", shown) <= 1
        assert "started by power on" in camera.status("3")
        assert "restarts 0," in camera.status("3")


# N2


def test_n2_access_point_lost_and_found(row, tmp_path):
    """Each loss ends all connections, and one new session follows; nothing is leaked."""
    outages = row.times((2, 20, 5, 45, 1), (1,))  # less than until the access point opens
    kinds = row.times(list(LOSSES), ["refuses stations (203)"])
    row.figure("longest outage", max(outages), "s")
    cameras = {}
    with contextlib.ExitStack() as stack:
        for number, kind in enumerate(kinds):
            cameras[kind] = stack.enter_context(system(tmp_path / str(number)))
        jobs = {kind: lambda k=kind: lose_and_find(row, k, outages, *cameras[k]) for kind in kinds}
        side_by_side(row, jobs)
        row.count(len(kinds) * (len(outages) - 1))  # side_by_side has counted one of each


def lose_and_find(row, kind, outages, broker, camera, client):
    broken, whole = LOSSES[kind]
    with invariants(camera, row):
        for away_s in outages:
            since = client.catch_up()
            for change in broken:
                camera.control("wifi", **change)
            client.wait(LWT, b"Offline", limit_s=20, since=since)
            camera.wait_status("mqtt offline (no Wi-Fi)")
            wait_until(lambda: camera.control("sockets")["open"] <= 3, what="closed sockets")
            assert not served(camera)
            time.sleep(away_s)  # the outage itself
            since = client.catch_up()
            camera.control("wifi", **whole)
            recover(camera, client, row, since)
    assert broker.log.count(SESSION) == 1 + len(outages)
    status = camera.status("3")
    assert f"wifi joins {1 + len(outages)}," in status and "restarts 0," in status


# N3


@pytest.mark.slow
def test_n3_dhcp_that_is_silent_or_changes_the_address(row, tmp_path):
    jobs = {
        "no DHCP": lambda: no_address(row, tmp_path / "silent"),
        "other addresses": lambda: new_addresses(row, tmp_path / "changed"),
    }
    side_by_side(row, jobs)


def no_address(row, folder):
    """Associated without an address, until the DHCP server answers."""
    with system(folder) as (_, camera, client):
        camera.control("wifi", dhcp=False)
        shown = len(camera.output)
        camera.control("power_cut")
        camera.control("power_on")
        camera.wait_output("wifi: joining", 10, shown)
        camera.wait_status("wifi waiting (no address)", 25)
        assert not served(camera)
        since = client.catch_up()
        camera.control("wifi", dhcp=True)
        recover(camera, client, row, since)
        assert "restarts 0," in camera.status("3")


def new_addresses(row, folder):
    times = 5
    with system(folder) as (broker, camera, client):
        with invariants(camera, row):
            for number in range(times):
                address = f"192.168.4.{100 + number}"
                since = client.catch_up()
                camera.control("wifi", address=address)
                recover(camera, client, row, since)
                assert camera.get("/api/status").json()["wifi"]["address"] == address
        assert broker.log.count(SESSION) == 1 + times
    row.count(times - 1)


# N10


@pytest.mark.slow
def test_n10_names_that_fail_or_are_slow_or_wrong(row, tmp_path):
    """Page, picture and console work while look-ups fail; then the broker is found again."""
    faults = {
        "not found": {"answer": "fail"},
        "10 s late": {"delay_ms": 10_000},
        "60 s late": {"delay_ms": 60_000},
        "10 s late, then not found": {"answer": "fail", "delay_ms": 10_000},
        "another address": {"answer": "127.0.0.2"},
        "address that is not routed": {"answer": "192.0.2.7"},
    }
    with contextlib.ExitStack() as stack:
        cameras = {
            kind: stack.enter_context(system(tmp_path / str(number), "localhost"))
            for number, kind in enumerate(faults)
        }
        jobs = {k: lambda k=k: wrong_names(row, faults[k], *cameras[k]) for k in faults}
        side_by_side(row, jobs)


def wrong_names(row, fault, broker, camera, client):
    with publishing(camera, row):
        camera.control("dns", **fault)
        broker.restart()
        end = time.monotonic() + 30
        while time.monotonic() < end:
            for path in ("/", "/jpg"):
                with camera.within(2):
                    assert camera.get(path).status_code == 200
            assert camera.command("pubinterval") == "1"
            time.sleep(0.5)  # between two checks
        assert "mqtt connected" not in camera.status() or "answer" not in fault
        since = client.catch_up()
        camera.control("dns")
        if "mqtt connected" not in camera.status():
            recover(camera, client, row, since)
        else:
            client.wait(IMAGE, since=since)
    assert "restarts 0," in camera.status("3")
