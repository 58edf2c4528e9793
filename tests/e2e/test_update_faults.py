"""Updates interrupted by their source: the camera recovers and accepts a good update."""

import threading
import time

import httpx
import pytest
from certificates import authority, make
from images import KB, image
from mosquitto import HOST, Mosquitto
from scenarios import scenario_name
from scripted import PINGREQ, SUBSCRIBE, ScriptedBroker, publish
from sim import TOPIC, Simulator, wait_until
from updatecamera import Camera
from webfiles import Web, respond

CUT = 100_000
VERSIONS = (f"v9.2.{number}" for number in range(1, 100))  # each newer than the last
LOGIN = "Basic am9lOnNlY3JldA=="  # joe:secret


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    """Return the paths of a CA, and of the chain of a server with a certificate from it."""
    folder, ca = tmp_path_factory.mktemp("tls"), authority()
    (folder / "ca.pem").write_bytes(ca.cert_pem)
    (folder / "chain.pem").write_bytes(make(issuer=ca).pem)
    return folder / "ca.pem", folder / "chain.pem"


@pytest.fixture(scope="module")
def camera(broker, tmp_path_factory, secure):
    settings = {"mqttca": f"@{secure[0]}", "otaconfirm": "auto"}
    with Camera(tmp_path_factory.mktemp("camera"), broker, settings) as made:
        made.control("clock", epoch=int(time.time()))
        yield made


def test_https_login_redirect_and_resume(camera, secure):
    """Send the login to its own host only; request the rest of the same file."""
    version = next(VERSIONS)
    data = image(version, size=256 * KB)
    whole = {"ETag": '"v1"', "Content_Length": str(len(data))}
    rest = {
        "ETag": '"v1"',
        "Content_Length": str(len(data) - CUT),
        "Content_Range": f"bytes {CUT}-{len(data) - 1}/{len(data)}",
    }
    ends = (respond(200, data[:CUT], **whole), respond(206, data[CUT:], **rest))
    with Web(*ends, chain=secure[1]) as files:
        redirect = respond(302, Location=files.url.replace(HOST, "localhost") + "fw.bin")
        with Web(redirect, redirect, chain=secure[1]) as first:  # requested again for the rest
            since = camera.fetch(first.url.replace("//", "//joe:secret@") + "latest")
            assert camera.report("confirmed", since)["version"] == version
        assert [request.headers["Authorization"] for request in first.requests] == [LOGIN, LOGIN]
        assert [request.headers["Authorization"] for request in files.requests] == [None, None]
        assert files.requests[1].headers["Range"] == f"bytes={CUT}-"
        assert files.requests[1].headers["If-Range"] == '"v1"'
    assert "secret" not in camera.client.command("otaurl") + camera.output
    camera.check_working()


def test_file_changes_during_the_download(camera):
    version = next(VERSIONS)
    old, new = (image(each, size=256 * KB) for each in (version, next(VERSIONS)))
    length = {"Content_Length": str(len(old))}
    first = respond(200, old[:CUT], ETag='"old"', **length)
    with Web(first, respond(200, new, ETag='"new"', **length)) as web:
        since = camera.fetch(web.url)
        assert "changed meanwhile" in camera.report("failed", since)["reason"]
    camera.check_working()
    with Web(first, respond(200, old, **length)) as web:  # supports neither ranges nor tags
        since = camera.fetch(web.url)
        assert camera.report("confirmed", since)["version"] == version


def test_https_does_not_redirect_to_http(camera, secure):
    with Web(respond(302, Location="http://localhost:1/x"), chain=secure[1]) as web:
        since = camera.fetch(web.url)
        assert "from https to http" in camera.report("failed", since)["reason"]
    camera.check_working()


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
            camera.report("failed", limit_s=30)
            camera.check_working()
            since = camera.push(image("v9.5.0", size=64 * KB))
            assert camera.report("confirmed", since)["version"] == "v9.5.0"


def stalled_push(folder):
    """Stall within a message of 300 KB; meanwhile an upload is refused as busy."""
    data = image("v9.6.0", size=300 * KB)

    def script(peer):
        peer.up()
        first = peer.number == 0
        if first:
            peer.send(publish(f"cmnd/{TOPIC}/mqttotastart", b"1"))
            name = b"OTA/"
            peer.serve(lambda got: got[0] == SUBSCRIBE and name in got[2])
            topic = got_topic(peer)
            peer.send(publish(topic, data)[: 40 * KB])
            stalled.set()
        peer.serve()

    def got_topic(peer):
        size = int.from_bytes(peer.packets[-1][2][2:4], "big")
        return peer.packets[-1][2][4 : 4 + size].decode()

    stalled = threading.Event()
    with (
        ScriptedBroker(script) as broker,
        Simulator(folder, broker.uri, {"pubinterval": 0}) as camera,
    ):
        assert stalled.wait(20)
        camera.wait_output("writing micropython v9.6.0")
        upload = httpx.post(camera.url + "/update", content=data, timeout=20, trust_env=False)
        assert (upload.status_code, upload.json()) == (409, {"error": "busy"})
        assert camera.get("/capture").status_code == 503
        camera.wait_output("no data for 20 s", 40)
        wait_until(lambda: camera.get("/capture").status_code == 200, 10, "pictures again")
        wait_until(lambda: len(broker.peers) > 1, 20, "another link")
        camera.wait_idle()
        upload = httpx.post(camera.url + "/update", content=data, timeout=20, trust_env=False)
        assert upload.status_code == 200, upload.text


def check_keepalive(received, started, ended):
    """Fail unless the broker received a packet in every keepalive period."""
    assert ended - started > 640 / 4 * 0.045  # as slow as real flash
    times = [started, *(at for at in received if started < at < ended), ended]
    gaps = [b - a for a, b in zip(times, times[1:], strict=False)]
    assert max(gaps) < KEEPALIVE["mqttkeepalive"], gaps


class StatusPoller(threading.Thread):
    """Poll the status until `done()`; `slowest` is the longest response time in seconds."""

    def __init__(self, camera, done):
        super().__init__()
        self._camera, self._done = camera, done
        self.slowest, self.lost = 0, []
        self.start()

    def run(self):
        while not self._done():
            with self._camera.stopwatch() as took:
                status = httpx.get(
                    self._camera.url + "/api/status", timeout=20, trust_env=False
                ).json()
            self.slowest = max(self.slowest, took.s)
            if not status["broker"]["state"].startswith("connected"):
                self.lost.append(status["broker"])
            time.sleep(0.3)


KEEPALIVE = {"pubinterval": 0, "teleperiod": 0, "mqttkeepalive": 10}


def keepalive_during_upload(folder):
    """Send pings and serve HTTP while each sector takes 45 ms to erase."""

    def script(peer):
        peer.up()
        up.set()
        while peer.serve(lambda got: received.append(time.monotonic()) or True):
            pass

    received, up = [], threading.Event()
    with (
        ScriptedBroker(script) as broker,
        Simulator(folder, broker.uri, KEEPALIVE, (), False) as camera,
    ):
        assert up.wait(20)
        started, ended = time.monotonic(), threading.Event()
        poller = StatusPoller(camera, ended.is_set)
        try:
            data = image("v9.7.0", size=640 * KB)
            response = httpx.post(
                camera.url + "/update", content=data, timeout=60, trust_env=False
            )
        finally:
            ended.set()
            poller.join()
        assert response.status_code == 200, response.text
        check_keepalive(received, started, time.monotonic())
        assert len(broker.peers) == 1 and not poller.lost and poller.slowest < 1


def keepalive_during_push(folder):
    """The same by MQTT, where the response to a ping waits behind the image."""

    def script(peer):
        peer.up()
        if peer.number:
            return peer.serve()
        peer.send(publish(f"cmnd/{TOPIC}/mqttotastart", b"1"))
        found = peer.serve(lambda got: got[0] == SUBSCRIBE and b"OTA/" in got[2])
        size = int.from_bytes(found[2][2:4], "big")
        packet = publish(found[2][4 : 4 + size].decode(), image("v9.8.0", size=640 * KB))
        began.append(time.monotonic())
        sending = threading.Thread(target=peer.send, args=(packet,))
        sending.start()
        while got := peer.packet():
            received.append(time.monotonic())
            if got[0] == PINGREQ:
                sending.join()
                peer.send(b"\xd0\x00")
            if b'"state": "installed"' in got[2]:
                done.set()
        return None

    received, began, done = [], [], threading.Event()
    with (
        ScriptedBroker(script) as broker,
        Simulator(folder, broker.uri, KEEPALIVE, (), False) as camera,
    ):
        wait_until(lambda: began, 20, "the image on its way")
        poller = StatusPoller(camera, lambda: done.is_set() or len(broker.peers) > 1)
        poller.join()
        assert done.is_set(), camera.output[-1_000:]
        check_keepalive(received, began[0], time.monotonic())
        assert not poller.lost and poller.slowest < 1


SLOW = [broker_restarts_during_a_push, stalled_push]
SLOW += [keepalive_during_upload, keepalive_during_push]


@pytest.mark.parametrize("scenario", SLOW, ids=scenario_name)
def test_slow(scenarios, scenario):
    scenarios.wait_for(scenario)
