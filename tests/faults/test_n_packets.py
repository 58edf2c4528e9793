"""Network, packet by packet: lost, late, split and reset, between the camera and its peers."""

import contextlib
import time

import httpx
import pytest
from listener import Listener
from mosquitto import Mosquitto
from pictures import Viewer, check
from recovery import (
    IMAGE,
    LWT,
    RECOVERY_S,
    SESSION,
    fill_log,
    publishing,
    recover,
    served,
)
from sidebyside import side_by_side
from sim import Simulator, wait_until
from tcprelay import DOWN, RESET, UP, TCPRelay

VGA = (640, 480)


@contextlib.contextmanager
def system(folder, size="VGA", **settings):
    """Camera whose broker is behind a relay; its first picture has arrived."""
    settings = {"pubinterval": "1", **settings}
    options = {"set_tcp_nodelay": "true"}
    with Mosquitto(folder / "broker", options=options) as broker, TCPRelay(broker.port) as relay:
        with Simulator(folder / "camera", f"mqtt://127.0.0.1:{relay.port}", settings) as camera:
            with Listener(broker.port) as client:
                client.wait(LWT, b"Online")
                camera.command(f'camera {{"framesize": "{size}"}}')
                client.wait(IMAGE, lambda message: frame_size(message) == size)
                assert served(camera)  # also imports the pages
                fill_log(camera)
                yield relay, broker, camera, client


def frame_size(message):
    """Return the name of a picture's size."""
    for name, size in (("VGA", VGA), ("UXGA", (1600, 1200))):
        with contextlib.suppress(AssertionError):
            check(message.payload, size)
            return name
    return None


def sessions(broker):
    return broker.log.count(SESSION)


# N4


@pytest.mark.slow
def test_n4_packets_vanish_while_the_link_is_up(row, tmp_path):
    """A dead link is detected by its keepalive; a viewer on one is dropped."""
    jobs = {
        "broker": lambda: dead_broker(row, tmp_path / "broker"),
        "viewer": lambda: dead_viewer(row, tmp_path / "viewer"),
    }
    side_by_side(row, jobs)


def dead_broker(row, folder):
    keepalive_s = 10
    with system(folder, mqttkeepalive=keepalive_s) as (relay, broker, camera, client):
        with publishing(camera, row):
            start = time.monotonic()
            relay.lose(100)
            with camera.stopwatch() as took:
                camera.wait_status("mqtt waiting (", 2 * keepalive_s)
            row.figure("dead link found after", time.monotonic() - start, "s")
            assert took.s <= 1.5 * keepalive_s
            while time.monotonic() < start + 60:
                assert served(camera)
                time.sleep(0.5)  # between two requests
            assert "mqtt connected" not in camera.status()
            since = client.catch_up()
            relay.lose(0)
            recover(camera, client, row, since, VGA)
        assert "restarts 0," in camera.status("3")


def dead_viewer(row, folder):
    with system(folder) as (_, _, camera, _), TCPRelay(camera.facts["http"]) as relay:

        def viewers():
            return camera.get("/api/status").json()["viewers"]

        with publishing(camera, row), viewing(relay.port):
            start = time.monotonic()
            relay.lose(100)
            with camera.stopwatch() as took:
                wait_until(lambda: viewers() == 0, 60, "the end of the dead viewer")
            row.figure("dead viewer dropped after", time.monotonic() - start, "s")
            assert took.s <= 15


@contextlib.contextmanager
def viewing(port):
    """Watch the stream until a first picture has arrived."""
    with Viewer(port) as viewer:
        viewer.head()
        viewer.part()
        yield


# N5


@pytest.mark.slow
def test_n5_lost_packets(row, tmp_path):
    """TCP delivers every picture whole; at 5 % the session lasts."""
    jobs = {f"{percent} %": lambda p=percent: lossy(row, tmp_path, p) for percent in (5, 20)}
    side_by_side(row, jobs)


def lossy(row, folder, percent):
    frames = 100
    with system(folder / str(percent), "UXGA") as (relay, broker, camera, client):
        with TCPRelay(camera.facts["http"]) as web, publishing(camera, row):
            seen = len(client.on(IMAGE))
            relay.lose(percent)
            web.lose(percent)
            for number in range(frames):
                wait_until(lambda n=number: len(client.on(IMAGE)) > seen + n, 30, "a picture")
                check(client.on(IMAGE)[seen + number].payload)
                if number % 10 == 0:
                    url = f"http://127.0.0.1:{web.port}/jpg"
                    check(httpx.get(url, timeout=30, trust_env=False).content)
            relay.lose(0)
            web.lose(0)
            row.count(frames - 1)
        row.figure(f"reconnects at {percent} %", sessions(broker) - 1)
        assert percent > 5 or sessions(broker) == 1


# N6


@pytest.mark.slow
def test_n6_link_of_20_kilobytes_a_second(row, tmp_path):
    """Pictures are late or dropped, but only one waits, so the heap does not grow."""
    pictures = 4
    with system(tmp_path, "UXGA") as (_, broker, camera, client):
        with publishing(camera, row):
            client.wait(IMAGE, since=client.catch_up())  # there is memory for a picture now
            before = camera.heap_free()
            since = client.catch_up()
            camera.control("net", rate_kbps=160)
            seen = len(client.on(IMAGE))
            lowest = before
            while len(client.on(IMAGE)) < seen + pictures:
                lowest = min(lowest, camera.heap_free())
                time.sleep(0.3)  # between two checks of the heap
            started = time.monotonic()
            assert client.command("pubinterval", limit_s=60) == "1"
            row.figure("command answered after", time.monotonic() - started, "s")
            camera.control("net")
            for message in client.messages[since:]:
                if message.topic == IMAGE:
                    with row.injection():
                        check(message.payload)
        assert sessions(broker) == 1
        row.figure("heap taken meanwhile", before - lowest, "bytes")
        assert before - lowest < 16_384  # a second picture would take 200 KB


# N7


@pytest.mark.slow
def test_n7_latency(row, tmp_path):
    """The session lasts; pictures and replies arrive, however late."""

    def jitter():
        return row.chance.uniform(0.1, 0.5)

    jobs = {
        "300 ms +- 200 ms": lambda: late(row, tmp_path / "jitter", jitter, 20),
        "2 s": lambda: late(row, tmp_path / "2s", lambda: 2, 3),
    }
    side_by_side(row, jobs)


def late(row, folder, delay, pictures):
    with system(folder) as (relay, broker, camera, client):
        with publishing(camera, row):
            relay.delay = delay
            for _ in range(pictures):
                since = len(client.messages)
                check(client.wait(IMAGE, limit_s=90, since=since).payload, VGA)
            started = time.monotonic()
            assert client.command("pubinterval", limit_s=90) == "1"
            row.figure("command answered after", time.monotonic() - started, "s")
            relay.delay = lambda: 0
        assert sessions(broker) == 1


# N8


@pytest.mark.slow
def test_n8_connection_reset_at_any_moment(row, tmp_path):
    """After each reset, even during CONNECT or a picture, a new session publishes."""
    with system(tmp_path, mqttkeepalive=100) as (relay, broker, camera, client):
        idle = camera.control("sockets")["open"]
        with publishing(camera, row):
            for number in range(200):
                with row.injection():
                    reset_once(row, number, relay, camera, client)
                    assert camera.control("sockets")["open"] <= idle
        row.figure("sessions", sessions(broker))
        assert "restarts 0," in camera.status("3")


def reset_once(row, number, relay, camera, client):
    """Reset the session; every third time, the next one is reset as well while it starts."""
    if number % 3 == 0:
        way, most = row.chance.choice(((UP, 300), (DOWN, 19)))  # CONNECT..., CONNACK and SUBACKs
        relay.cut = (way, row.chance.randint(1, most), RESET)
    cuts = relay.cuts
    camera.type("capture\n")
    time.sleep(row.chance.uniform(0, 0.1))  # a random moment, mostly within a picture
    relay.reset()
    if relay.cut:
        camera.skip_reconnect_delay()
        wait_until(lambda: relay.cuts > cuts, 10, "the reset of a new connection")
        relay.cut = None
    since = len(client.messages)
    camera.skip_reconnect_delay()
    camera.wait_status("mqtt connected")
    camera.command("capture")
    check(client.wait(IMAGE, limit_s=RECOVERY_S, since=since).payload, VGA)
