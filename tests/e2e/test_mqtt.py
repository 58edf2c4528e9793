"""MQTT through a real broker: greetings, pictures, commands and restarts."""

import hashlib
import io
import itertools
import json
from datetime import datetime

import pytest
from listener import Listener
from mosquitto import Mosquitto
from pictures import check
from PIL import ExifTags, Image
from sim import TOPIC, Simulator, wait_until

IMAGE = f"data/{TOPIC}/image"
META = f"data/{TOPIC}/meta"
LWT = f"tele/{TOPIC}/LWT"
STATE = f"tele/{TOPIC}/STATE"
STAT = f"stat/{TOPIC}/"
GROUP = "esp32-mqtt-cams"
DEVICE_ID = "DVES_A1B2C3"
COMMANDS = {"power", "pubinterval", "restart", "ssid", "status", "timer", "topic"}


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Mosquitto(tmp_path_factory.mktemp("broker")) as made:
        yield made


@pytest.fixture(scope="module")
def shared(broker, tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("camera"), broker.uri) as made:
        yield made


@pytest.fixture
def camera(shared):
    """The shared camera, connected and with periodic pictures off."""
    shared.command("pubinterval 0")
    shared.wait_status("mqtt connected")
    return shared


@pytest.fixture
def client(broker):
    with Listener(broker.port) as made:
        yield made


# Greetings


def test_greetings(camera, broker, client):
    camera.kill_interpreter()
    client.wait(LWT, b"Offline")
    since = len(client.messages)
    client.wait(STAT + "timer", since=since)
    greetings = [m for m in client.messages[since:] if m.topic.startswith("stat/")][:5]
    assert [(m.topic[len(STAT) :], m.payload.decode(), m.qos) for m in greetings] == [
        ("NAME", "esp32-mqtt-cam", 0),
        ("VERSION", greetings[1].payload.decode(), 0),
        ("FALLBACKTOPIC", DEVICE_ID, 0),
        ("power", "off", 1),
        ("timer", "0", 0),
    ]
    assert greetings[1].payload
    assert client.wait(LWT, b"Online", since=since).at <= greetings[0].at


def test_retained_messages(camera, broker, client):
    client.wait(STAT + "timer")
    client.command("capture")
    client.wait(IMAGE)
    client.wait(STATE)
    with Listener(broker.port) as late:
        late.wait(IMAGE)
        late.wait(LWT)
        late.wait(STAT + "power")
        late.wait(STAT + "timer")
        late.wait(STAT + "loglevel")
        late.wait(STATE)
        late.catch_up()
        kept = {message.topic: message.payload for message in late.messages if message.retain}
    states = {
        "power",
        "timer",
        "camera",
        "pubinterval",
        "topic",
        "timezone",
        "otaconfirm",
        "retain",
    }
    assert set(kept) >= {IMAGE, LWT, STATE, *(STAT + name for name in states)}
    assert json.loads(kept[STAT + "camera"])["framesize"] == 13
    assert kept[STAT + "topic"] == TOPIC.encode()


def test_subscriptions(camera, broker):
    log = broker.log
    for name in (TOPIC, GROUP, DEVICE_ID):
        assert f"cmnd/{name}/# (QoS 1)" in log


def test_connect_options(camera, broker):
    assert f"as {DEVICE_ID} (p2, c1, k120" in broker.log


def test_last_will(camera, client):
    camera.control("power_cut")
    client.wait(LWT, b"Offline")
    since = len(client.messages)
    boots = camera.facts["boots"]
    camera.control("power_on")
    client.wait(LWT, b"Online", since=since)
    camera.wait_boot(boots + 1)


# Pictures


def test_pictures_are_valid_and_change(camera, client):
    client.wait(STAT + "timer")
    since = len(client.messages)
    assert client.command("pubinterval", "1") == "1"

    def live():  # without the retained one
        return [m for m in client.messages[since:] if m.topic == IMAGE and not m.retain]

    wait_until(lambda: len(live()) >= 4, 10, "four pictures")
    numbers = [check(m.payload) for m in live()]
    assert numbers == sorted(set(numbers))
    assert not any(m.qos for m in live())
    gaps = [b.at - a.at for a, b in itertools.pairwise(live()[1:])]
    assert all(0.6 < gap < 1.4 for gap in gaps), gaps
    assert client.command("pubinterval", "0") == "0"
    client.count(IMAGE, 0.5)  # one may be on its way
    assert client.count(IMAGE, 1.5) == 0


def test_capture(camera, client):
    since = len(client.messages)
    before = camera.control("frames")["last"] or 0
    client.command("capture")
    picture = client.wait(IMAGE, lambda m: not m.retain, since=since)
    assert check(picture.payload) > before
    assert client.count(IMAGE, 0.5) == 0


def test_metadata_and_exif_data(camera, client, broker):
    for name, value in (("meta", "on"), ("exif", "on"), ("rotate", "90")):
        assert client.command(name, value) == value
    since = len(client.messages)
    client.command("capture")
    client.wait(IMAGE, lambda m: not m.retain, since=since)
    messages = [m for m in client.messages[since:] if m.topic in (IMAGE, META) and not m.retain]
    assert [m.topic for m in messages] == [META, IMAGE]
    found, picture = json.loads(messages[0].payload), messages[1].payload
    assert found["SHA256"] == hashlib.sha256(picture).hexdigest()
    with Image.open(io.BytesIO(picture)) as image:
        assert (found["Width"], found["Height"]) == image.size
    assert (found["Bytes"], found["Trigger"]) == (len(picture), "command")
    taken = datetime.fromisoformat(found["Time"])
    assert taken.timestamp() == pytest.approx(found["Timestamp"], abs=0.001)
    assert exif_time(picture) == taken.replace(microsecond=0)
    with Listener(broker.port, META) as late:
        assert late.wait(META, lambda m: m.retain).payload == messages[0].payload
    response, head = camera.get("/capture"), camera.get("/capture", "HEAD")
    assert int(response.headers["Content-Length"]) == len(response.content)
    taken = exif_time(response.content)
    assert 0 <= float(response.headers["X-Timestamp"]) - taken.timestamp() < 1
    assert not head.content
    for name, value in (("exif", "off"), ("rotate", "0"), ("meta", "off")):
        client.command(name, value)
    since = len(client.messages)
    client.command("capture")
    plain = client.wait(IMAGE, lambda m: not m.retain, since=since).payload
    with Image.open(io.BytesIO(plain)) as image:
        assert not image.getexif()
    assert not [m for m in client.messages[since:] if m.topic == META]


def exif_time(jpeg):
    """Return the time in a picture, which has to be turned right by 90 degrees."""
    check(jpeg)
    with Image.open(io.BytesIO(jpeg)) as image:
        exif = image.getexif()
    assert exif[ExifTags.Base.Orientation] == 6
    found = exif.get_ifd(ExifTags.IFD.Exif)
    text = found[ExifTags.Base.DateTimeOriginal] + found[ExifTags.Base.OffsetTimeOriginal]
    return datetime.strptime(text, "%Y:%m:%d %H:%M:%S%z")


# Commands


def test_status(camera, client):
    fields = client.command("status").split(", ")
    assert fields[1:4] == [TOPIC, "#", "off"]
    assert client.command("status", "1").split(", ")[:2] == [GROUP, DEVICE_ID]
    assert "simulated" not in client.command("status", "1")
    assert int(client.command("status", "2").split(", ")[3]) > 10_000


@pytest.mark.parametrize("topic", [TOPIC, DEVICE_ID])
def test_replies_use_the_own_topic(camera, client, topic):
    assert client.command("PubInterval", topic=topic, reply="pubinterval") == "0"


@pytest.mark.parametrize(
    ("payload", "level", "expected"),
    [("on", 1, "on"), ("OFF", 0, "off"), ("2", 1, "on"), ("toggle", 0, "off")],
)
def test_power(camera, client, payload, level, expected):
    since = len(client.messages)
    assert client.command("light", payload, reply="power") == expected
    assert client.wait(STAT + "power", lambda m: not m.retain, since=since).qos == 1
    assert camera.control("pins")["pins"]["4"] == level


@pytest.mark.parametrize("command", ["nonsense", "", "a/b", "power/on", "x" * 200])
def test_unknown_command(camera, client, command):
    names = client.command(command, reply="SYNTAX").split(", ")
    assert COMMANDS <= set(names)
    assert client.command("pubinterval") == "0"


def test_topic_too_long_for_a_command(camera, client):
    client.publish(f"cmnd/{TOPIC}/" + "x" * 5_000, "1")
    assert client.command("pubinterval") == "0"


@pytest.mark.parametrize(
    "payload", [b"often", b"-1", b"86401", b"\xff\xfe", b"1\x002", "½".encode(), b"9" * 1_025]
)
def test_bad_argument(camera, client, payload):
    reply = client.command("pubinterval", payload, reply="SYNTAX")
    assert "pubinterval" in reply.splitlines()[0]
    assert client.command("pubinterval") == "0"


def test_group_topic(camera, client):
    assert client.command("power", topic=GROUP) == "off"
    names = client.command("ssid", "stolen", topic=GROUP, reply="SYNTAX").split(", ")
    assert {"status", "power", "light", "timezone"} <= set(names)
    assert not {"ssid", "restart", "password", "topic", "config"} & set(names)
    assert client.command("ssid") == "sim"


def test_secrets_are_masked(camera, client):
    assert client.command("mqttpass", "canary-word") == "***"
    camera.wait_status("mqtt connected")
    client.command("status")
    client.command("mqttpass", "1")
    camera.wait_status("mqtt connected")
    assert not any(
        b"canary-word" in m.payload for m in client.messages if m.topic.startswith("stat/")
    )
    assert "simulated" not in client.command("config")
    assert "canary-word" not in camera.output


# Restarts


def test_restart_keeps_settings(camera, client):
    assert client.command("timezone", "UTC0") == "UTC0"
    boots = camera.facts["boots"]
    since = len(client.messages)
    assert client.command("restart", "1") == "Restarting"
    client.wait(LWT, b"Offline", since=since)  # published by the camera before it disconnects
    client.wait(LWT, b"Online", since=since)
    camera.wait_boot(boots + 1)
    client.wait(STAT + "loglevel", since=since)  # one of the last states, which are not replies
    assert client.command("timezone") == "UTC0"
    assert client.command("timezone", "1").startswith("CET-1CEST")


def test_restart_requires_1(camera, client):
    boots = camera.facts["boots"]
    assert "1 to restart" in client.command("restart", "2", reply="SYNTAX")
    assert client.command("pubinterval") == "0"
    assert camera.facts["boots"] == boots


def test_topic_change(broker, client, tmp_path):
    settings = {"topic": "porch", "pubinterval": "1"}
    with Simulator(tmp_path, broker.uri, settings, ["--device-id", "DVES_000001"]) as camera:
        client.wait("data/porch/image")
        client.publish("cmnd/porch/topic", "a/b+#")
        client.wait("tele/a_b__/LWT", b"Online", limit_s=15)
        client.wait("data/a_b__/image")
        camera.wait_boot(2)
        assert client.on("tele/porch/LWT")[-1].payload == b"Offline"
        assert client.on("stat/porch/topic")[-1].payload == b"a_b__"
        before = len(client.on("data/porch/image"))
        client.publish("cmnd/porch/capture")
        client.wait("data/a_b__/image", since=len(client.messages))
        assert len(client.on("data/porch/image")) == before
