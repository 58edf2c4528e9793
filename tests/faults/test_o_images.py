"""Updates: images that are truncated, changed, wrong, old, or sent again."""

import threading

import pytest
from appimage import ImageError
from flashed import OLD
from images import KB, image, rehashed
from invariants import invariants
from listener import Listener
from mosquitto import HOST, Mosquitto
from options import DEVICE_ID
from sim import TOPIC
from sources import NEW, Updates, by_http, by_mqtt, by_upload
from update.serve import server
from updatecamera import STAT, Camera
from webfiles import Web, respond

from proto.values import BadArgument

OTADATA, OTADATA_BYTES = 0xD000, 0x2000
HEADER = 24 + 8 + 256  # of the image, of its first segment, and the description
MEDIUM, SMALL = (image(NEW, size=size * KB) for size in (64, 12))
BLOCK = 4 * KB


@pytest.fixture(scope="module")
def camera(broker, tmp_path_factory):
    with Camera(tmp_path_factory.mktemp("camera"), broker) as made:
        yield made


@pytest.fixture
def old():
    """Board in this process that runs the old image."""
    board = Updates(SMALL).board()
    assert board.start() == OLD
    return board


class Untouched:
    """Fails unless the board starts the old image as before, and the new one cannot start."""

    def __init__(self, board):
        self._board = board
        self._records = self._otadata()

    def _otadata(self):
        return self._board.flash.read(OTADATA, OTADATA_BYTES)

    def check(self):
        assert self._otadata() == self._records
        assert self._board.nvs.peek("syscfg", "OTA_TRIED") is None
        with pytest.raises(ImageError):
            self._board.boot.verify(self._board.slot("ota_1"))


def test_o8_truncated_download(row, old, camera):
    """Truncated at any of the first bytes, and at each block; then files of a web server."""
    untouched = Untouched(old)
    lengths = [*range(0, BLOCK, row.times(1, 61)), *range(BLOCK, len(MEDIUM), BLOCK)]
    for number, length in enumerate([*lengths, len(MEDIUM) - 1]):
        source = (by_upload, by_mqtt, by_http)[number % 3]
        with row.injection(f"{source.__name__} of {length} bytes"):
            with pytest.raises(BadArgument):
                source(old, MEDIUM[:length])
            untouched.check()
    assert old.start() == OLD
    for length in row.times([*range(1, 600, 60), *range(BLOCK, len(MEDIUM), BLOCK)], [5_000]):
        with row.injection(f"file of {length} bytes"):
            answer = respond(200, MEDIUM[:length], Content_Length=str(length))
            with Web(answer) as web:
                report = camera.report("failed", camera.fetch(web.url))
                assert "cut off" in report["reason"] or "not a firmware image" in report["reason"]
                camera.wait_idle()
    if row.full:
        with row.injection("connection that ends"):
            ends = respond(200, MEDIUM[:20_000], Content_Length=str(len(MEDIUM)))
            with Web(*[ends] * 6) as web:
                camera.report("failed", camera.fetch(web.url), 120)
    assert camera.running == "ota_0"
    camera.check_working()


def test_o9_any_byte_changed(row, old, camera):
    """Any bit of the header, and bits of the body; then uploads to the whole camera."""
    untouched = Untouched(old)
    places = [(at, bit) for at in range(HEADER) for bit in range(8)]
    if not row.full:
        places = row.chance.sample(places, 200)
    for _ in range(row.times(2_000, 100)):
        places.append((row.chance.randrange(HEADER, len(SMALL)), row.chance.randrange(8)))
    for number, (at, bit) in enumerate(places):
        source = (by_upload, by_mqtt)[number % 2]
        with row.injection(f"bit {bit} of byte {at}"):
            with pytest.raises(BadArgument):
                source(old, changed(SMALL, at, bit))
            untouched.check()
    assert old.start() == OLD
    for at in row.times([0, 12, 50, 200, 300, 5_000, 12_000, len(SMALL) - 1], [5_000]):
        with row.injection(f"upload, byte {at}"):
            assert camera.upload(changed(SMALL, at, 1)).status_code == 422
            assert camera.running == camera.control("flash")["boot"] == "ota_0"
    camera.check_working()


def changed(data, at, bit):
    data = bytearray(data)
    data[at] ^= 1 << bit
    return bytes(data)


WRONG = (
    (b"", "not a firmware image"),
    (b"<html>404</html>" * 100, "begins with 3c"),
    (b"\xe8" + SMALL[1:], "begins with e8"),
    (image("v9.9.9", chip="esp32s3"), "another chip"),
    (image("v9.9.9", project="other"), "another project"),
    (image("v0.0.1"), "older"),
    (image("v9.9.9", digest=False), "no SHA-256"),
    (rehashed(SMALL[:32] + bytes(4) + SMALL[36:]), "no application description"),
    (image("v9.9.9", size=1601 * KB), "too big"),
)


def test_o11_wrong_image(row, camera):
    """Each is refused before anything is erased, with the reason."""
    before = camera.control("flash")
    wrong_images(camera, row)  # also loads the modules of updates
    if row.full:
        with invariants(camera, row, longest_pause_ms=None):  # O17 measures the pauses
            wrong_images(camera, row)
    after = camera.control("flash")
    assert after["erases"] == before["erases"] and after["boot"] == before["boot"]


def wrong_images(camera, row):
    for data, reason in WRONG:
        with row.injection(f"upload: {reason}"):
            response = camera.upload(data)
            assert response.status_code == 422 and reason in response.json()["error"]
        if row.full or reason == "older":
            with row.injection(f"download: {reason}"):
                with Web(respond(200, data, Content_Length=str(len(data)))) as web:
                    assert reason in camera.report("failed", camera.fetch(web.url))["reason"]
                camera.wait_idle()
            with row.injection(f"push: {reason}"):
                assert reason in camera.report("failed", camera.push(data))["reason"]
                camera.wait_idle()


def restarts(camera, count):
    """Restart the camera; fail if it installs anything, although it is up each time."""
    before, running = camera.control("flash")["erases"], camera.running
    for _ in range(count):
        since, boots = len(camera.client.messages), camera.facts["boots"]
        camera.control("reset")
        camera.wait_boot(boots + 1)
        camera.client.wait(STAT + "timer", since=since)
        camera.client.catch_up()
        assert camera.command("mqttotastart") == "off"
    assert (camera.control("flash")["erases"], camera.running) == (before, running)
    assert camera.facts["boots"] == boots + 1  # none more


def test_o16_retained_image_and_the_same_again(row, tmp_path):
    """Retained images and commands; then the running image and one that has failed."""
    (tmp_path / "fw.bin").write_bytes(image("v9.9.8"))
    with Mosquitto(tmp_path / "broker") as broker, server(tmp_path, HOST) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        retained = {
            f"OTA/{DEVICE_ID}/data": image("v9.9.8"),
            f"cmnd/{TOPIC}/otaurl": f"http://{HOST}:{web.server_port}/fw.bin",
            f"cmnd/{TOPIC}/mqttotastart": "1",
            f"cmnd/{DEVICE_ID}/upgrade": "1",
        }
        with Listener(broker.port) as client:  # a connected camera would get them as new
            for name, payload in retained.items():
                client.publish(name, payload, retain=True)
        with Camera(tmp_path / "camera", broker) as camera:
            is_ignored(camera, row)
            if row.full:
                same_again(camera, row)
        web.shutdown()


def is_ignored(camera, row):
    camera.wait_idle()
    count = row.times(20, 1)
    restarts(camera, count)
    row.count(count)
    with row.injection("retained image within a push"):
        assert camera.client.command("mqttotastart", "1") == "on"
        camera.wait_output("a retained image is ignored")
        reply = camera.client.command("power", "", reply="SYNTAX")
        assert reply == "power: paused, an update is under way"
        assert camera.client.command("mqttotastart", "1") == "busy"
        assert camera.client.command("mqttotastart", "0") == "off"
    camera.wait_idle()


def same_again(camera, row):
    """Install an image, and one that fails, next to the retained one; then send both again."""
    since = camera.push(image("v9.9.1"))
    camera.confirm_trial(since)
    sent_again(camera, row, image("v9.9.1"), "runs already")
    since = camera.push(image("v9.9.2"))
    camera.report("trial", since)
    camera.power_cut()
    camera.report("rolled back", since)
    sent_again(camera, row, image("v9.9.2"), "failed already")
    restarts(camera, 3)


def sent_again(camera, row, data, reason):
    erases = camera.control("flash")["erases"]
    with row.injection(f"push: {reason}"):
        assert reason in camera.report("failed", camera.push(data))["reason"]
        camera.wait_idle()
    with row.injection(f"upload: {reason}"):
        assert reason in camera.upload(data).json()["error"]
    with row.injection(f"download: {reason}"):
        with Web(respond(200, data, Content_Length=str(len(data)))) as web:
            assert reason in camera.report("failed", camera.fetch(web.url))["reason"]
        camera.wait_idle()
    assert camera.control("flash")["erases"] == erases
