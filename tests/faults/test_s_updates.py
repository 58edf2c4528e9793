"""Security: updates that were modified, and older ones."""

import itertools
import json

import httpx
import pytest
from images import image
from listener import Listener
from recordingweb import RecordingWeb
from sim import TOPIC, Simulator, wait_until
from update.file import Update
from update.keys import generate, read_private

pytestmark = pytest.mark.slow
STAT = f"stat/{TOPIC}/"


class Board:
    """Camera with a client of its broker."""

    def __init__(self, camera, client):
        self.camera = camera
        self.client = client

    def running(self):
        return self.camera.control("flash")["running"]

    def result(self, since):
        """Return the last report of an update: its state, and the reason if it has failed."""
        ends = ("failed", "installed")
        message = self.client.wait(
            STAT + "ota", lambda m: json.loads(m.payload)["state"] in ends, 60, since
        )
        wait_until(lambda: self.camera.command("mqttotastart") == "off", what="the end")
        return json.loads(message.payload)

    def by_download(self, url, force=False):
        since = self.client.catch_up()
        self.client.command("otaurl", url)
        self.client.command("upgrade", "force" if force else "1")
        return self.result(since)

    def by_upload(self, data, force=False):
        since = self.client.catch_up()
        url = f"{self.camera.url}/update?force={int(force)}"
        httpx.post(url, content=data, timeout=30, trust_env=False)
        return self.result(since)

    def by_mqtt(self, data, force=False):
        since = self.client.catch_up()
        assert self.client.command("mqttotastart", "force" if force else "1") == "on"
        self.client.send(f"OTA/{self.camera.facts['device_id']}/data", data)
        return self.result(since)


@pytest.fixture
def board(broker, tmp_path):
    with Listener(broker.port) as client:
        with Simulator(tmp_path / "camera", broker.uri, {"pubinterval": "0"}) as camera:
            camera.wait_status("mqtt connected")
            yield Board(camera, client)


def signed(version, key):
    update = Update(image(version))
    update.sign(read_private(key))
    return update.data


def forgeries(good, other_key, chance):
    """Yield (name, data): signed images as an attacker could modify them."""
    other = signed("v9.1.0", other_key)
    size = len(image("v9.1.0"))
    yield "unsigned", image("v9.1.0")
    yield "signed with another key", other
    yield "signature of another image", image("v9.2.0") + good[size:]
    yield "signature of another key", good[:size] + other[size:]
    yield "signature of zeros", good[:size] + bytes(len(good) - size)
    yield "signature cut off", good[: size + 100]
    for _ in itertools.count():
        at, flip = chance.randrange(len(good)), 1 << chance.randrange(8)
        yield f"bit of byte {at}", good[:at] + bytes((good[at] ^ flip,)) + good[at + 1 :]


def test_s14_image_changed_on_its_way(board, row, tmp_path):
    """With a key, no image is installed that differs from the signed one, even in one bit."""
    private, public = generate(tmp_path / "key", 2048)
    other_key, _ = generate(tmp_path / "other", 2048)
    board.client.command("otakey", public.read_text())
    good, running = signed("v9.1.0", private), board.running()
    served = {}
    with RecordingWeb(lambda path: (200, {}, served["data"])) as web:
        made = forgeries(good, other_key, row.chance)
        for name, served["data"] in itertools.islice(made, row.times(40, 7)):
            with row.injection(name):
                url = f"http://127.0.0.1:{web.port}/fw.bin"
                report = board.by_download(url)
                assert report["state"] == "failed", report
                assert board.running() == running and board.camera.facts["boots"] == 1
        if row.full:
            served["data"] = good
            assert board.by_download(url)["state"] == "installed"


def test_s15_older_image(board, row):
    """No source installs an older image unless it is forced."""
    old, running = image("v0.0.1"), board.running()
    ways = {"MQTT": board.by_mqtt, "upload": board.by_upload}
    with RecordingWeb(lambda path: (200, {}, old)) as web:
        url = f"http://127.0.0.1:{web.port}/fw.bin"
        ways["download"] = lambda _, force=False: board.by_download(url, force)
        for name, install in ways.items():
            with row.injection(f"older by {name}"):
                report = install(old)
                assert report["state"] == "failed" and "older" in report["reason"]
        assert board.running() == running and board.camera.facts["boots"] == 1
        for name in [*ways] if row.full else ["upload"]:
            with row.injection(f"forced by {name}"):
                boots = board.camera.facts["boots"]
                assert ways[name](old, force=True)["state"] == "installed"
                board.camera.wait_boot(boots + 1)
                board.camera.power_cut()  # unconfirmed: back to the newer one
                board.camera.wait_status("mqtt connected")
                assert board.running() == running
