"""Updates: sources that stall, links that are lost, and flash that erases slowly."""

import contextlib
import select
import socket
import threading
import time

import httpx
import pytest
from images import KB, image
from mosquitto import HOST, Mosquitto
from scenarios import at_once
from scripted import ScriptedBroker, publish, subscribed
from sim import TOPIC, Simulator, wait_until
from updatecamera import STAT, Camera, StatusPoller
from webfiles import Web, respond

STALL_S = 35
SLOWEST_S = 2
RECOVERY_S = 35
ATTEMPTS = 6


def until_closed(connection, every_s=None):
    """Return the seconds until a peer closes the connection; send a byte each `every_s`."""
    started = time.monotonic()
    with contextlib.suppress(OSError):
        while time.monotonic() < started + 3 * STALL_S:
            if select.select([connection], [], [], every_s or STALL_S)[0]:
                break
            if every_s:
                connection.send(b"x")
    return time.monotonic() - started


def silent_server(folder, every_s=None, sent=20 * KB):
    """Return (seconds until the camera gives up a download that stalls, slowest page)."""
    data, held_s = image("v9.1.0"), []

    def stall(request):
        respond(200, data[:sent], Content_Length=str(len(data)))(request)
        request.wfile.flush()
        held_s.append(until_closed(request.connection, every_s))

    gone = [lambda request: None] * ATTEMPTS  # each attempt to resume
    with Mosquitto(folder / "broker") as broker, Camera(folder / "camera", broker) as camera:
        with Web(stall, *gone) as web:
            poller = StatusPoller(camera, lambda: held_s)
            camera.report("failed", camera.fetch(web.url), 3 * STALL_S)
            poller.join()
        assert not poller.lost and camera.running == "ota_0"
        camera.check_working()
    return held_s[0], poller.slowest


def dripping_server(folder):
    return silent_server(folder, every_s=1)


def silent_upload(folder):
    """Return (seconds until the camera answers an upload that stalls, slowest page)."""
    data = image("v9.1.0")
    with Simulator(folder, settings={"pubinterval": "0"}) as camera:
        with socket.create_connection((HOST, camera.facts["http"])) as sock:
            head = f"POST /update HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(data)}\r\n\r\n"
            sock.sendall(head.encode() + data[: 20 * KB])
            done = threading.Event()
            poller = StatusPoller(camera, done.is_set)
            held_s = until_closed(sock)
            done.set()
            poller.join()
        wait_until(lambda: camera.command("mqttotastart") == "off", 10)
        assert camera.get("/capture").status_code == 200
    return held_s, poller.slowest


def silent_broker(folder):
    """Stall within a message of 300 KB; meanwhile an upload is refused, and afterwards not.

    Return (seconds until the camera gives up, slowest page).
    """
    data = image("v9.6.0", size=300 * KB)
    stalled = threading.Event()

    def script(peer):
        peer.up()
        if peer.number == 0:
            peer.send(publish(f"cmnd/{TOPIC}/mqttotastart", b"1"))
            peer.send(publish(subscribed(peer), data)[: 40 * KB])
            stalled.set()
        peer.serve()

    with (
        ScriptedBroker(script) as broker,
        Simulator(folder, broker.uri, {"pubinterval": 0}) as camera,
    ):
        assert stalled.wait(20)
        started, done = time.monotonic(), threading.Event()
        camera.wait_output("writing micropython v9.6.0")
        upload = httpx.post(camera.url + "/update", content=data, timeout=20, trust_env=False)
        assert (upload.status_code, upload.json()) == (409, {"error": "busy"})
        assert camera.get("/capture").status_code == 503
        poller = StatusPoller(camera, done.is_set)
        camera.wait_output("no data for 20 s", 2 * STALL_S)
        held_s = time.monotonic() - started
        done.set()
        poller.join()
        wait_until(lambda: camera.get("/capture").status_code == 200, 10, "pictures again")
        wait_until(lambda: len(broker.peers) > 1, 20, "another link")
        wait_until(lambda: camera.command("mqttotastart") == "off", 10)
        upload = httpx.post(camera.url + "/update", content=data, timeout=20, trust_env=False)
        assert upload.status_code == 200, upload.text
    return held_s, poller.slowest


@pytest.mark.slow
def test_o10_source_that_stalls(row, tmp_path):
    """Web servers, a client and a broker that fall silent, and a server with a byte a second."""
    for name in ("silent", "dripping", "upload", "broker"):
        (tmp_path / name).mkdir()
    results = at_once(
        lambda: silent_server(tmp_path / "silent"),
        lambda: dripping_server(tmp_path / "dripping"),
        lambda: silent_upload(tmp_path / "upload"),
        lambda: silent_broker(tmp_path / "broker"),
    )
    for held_s, slowest_s in results:
        with row.injection(f"given up after {held_s} s, slowest page {slowest_s} s"):
            assert held_s <= STALL_S and slowest_s < SLOWEST_S
        row.figure("given up after", round(held_s, 1), "s")
        row.figure("slowest page", round(1_000 * slowest_s), "ms")


# Links that are lost


def broker_restarts_during_a_push(folder):
    with Mosquitto(folder / "broker") as broker:
        settings = {"otaconfirm": "auto"}
        with Camera(folder / "camera", broker, settings, fast=False) as camera:
            assert camera.client.command("mqttotastart", "1") == "on"
            done = camera.control("flash")["writes"]
            camera.client.send(f"OTA/{camera.id}/data", image("v9.5.0", size=512 * KB))
            wait_until(lambda: camera.control("flash")["writes"] > done + 20, 20, "some blocks")
            broker.restart()
            camera.skip_reconnect_delay()
            with camera.stopwatch() as took:
                camera.report("failed", limit_s=RECOVERY_S)
            camera.check_working()
            since = camera.push(image("v9.5.0", size=64 * KB))
            assert camera.report("confirmed", since)["version"] == "v9.5.0"
    return took.s


def broker_restarts_before_the_image(folder):
    """The camera subscribes again, and the update goes on."""
    with Mosquitto(folder / "broker") as broker, Camera(folder / "camera", broker) as camera:
        camera.control("clock", epoch=int(time.time()))
        assert camera.client.command("mqttotastart", "1") == "on"
        broker.restart()
        with camera.stopwatch() as took:
            camera.skip_reconnect_delay()
            wait_until(lambda: "mqtt connected" in camera.status(), 15, "the broker")
        camera.client.wait(STAT + "timer", since=len(camera.client.messages) - 1)
        camera.client.send(f"OTA/{camera.id}/data", image("v9.9.7"))
        assert camera.report("installed")["version"] == "v9.9.7"
    return took.s


def wifi_lost_during_a_download(folder):
    """The download resumes once the access point is back."""
    data, lost = image("v9.5.1", size=256 * KB), threading.Event()
    half = 128 * KB
    total = {"ETag": '"v1"', "Content_Length": str(len(data))}
    rest = {"ETag": '"v1"', "Content_Range": f"bytes {half}-{len(data) - 1}/{len(data)}"}

    def first(request):
        respond(200, data[:half], **total)(request)
        request.wfile.flush()
        lost.set()
        until_closed(request.connection)

    with Mosquitto(folder / "broker") as broker:
        with Camera(folder / "camera", broker, {"otaconfirm": "auto"}) as camera:
            with Web(first, respond(206, data[half:], **rest)) as web:
                since = camera.fetch(web.url)
                assert lost.wait(20)
                wait_until(lambda: camera.control("flash")["writes"] >= half // (2 * KB), 20)
                camera.control("wifi", up=False)
                camera.wait_output("access point lost")
                camera.control("wifi", up=True)
                with camera.stopwatch() as took:
                    camera.report("confirmed", since, 2 * RECOVERY_S)
                assert web.requests[1].headers["Range"] == f"bytes={half}-"
    return took.s


def wifi_lost_during_an_upload(folder):
    """The upload is lost, and the next one is accepted."""
    data, settings = image("v9.5.2", size=256 * KB), {"otaconfirm": "auto"}

    def slowly(camera):
        yield data[: 64 * KB]
        camera.wait_output("writing micropython v9.5.2")
        camera.control("wifi", up=False)
        camera.wait_output("access point lost")
        yield data[64 * KB :]

    with Mosquitto(folder / "broker") as broker:
        with Camera(folder / "camera", broker, settings) as camera:
            with pytest.raises(httpx.TransportError):
                camera.upload(slowly(camera), {"Content-Length": str(len(data))})
            since = len(camera.client.messages)
            camera.control("wifi", up=True)
            with camera.stopwatch() as took:
                camera.client.wait(STAT + "timer", since=since, limit_s=RECOVERY_S)
            camera.check_working()
            assert camera.running == "ota_0"
            assert camera.upload(data).status_code == 200
            assert camera.report("confirmed", since)["version"] == "v9.5.2"
    return took.s


LOSSES = (
    broker_restarts_during_a_push,
    broker_restarts_before_the_image,
    wifi_lost_during_a_download,
    wifi_lost_during_an_upload,
)


@pytest.mark.slow
def test_o14_link_lost_within_an_update(row, tmp_path):
    for loss in LOSSES:
        with row.injection(loss.__name__):
            folder = tmp_path / loss.__name__
            folder.mkdir()
            recovered_s = loss(folder)
            assert recovered_s <= RECOVERY_S
            row.figure("recovered after", round(recovered_s, 1), "s")
