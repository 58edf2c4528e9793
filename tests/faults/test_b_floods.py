"""Commands by the thousand, and pictures that a broker does not accept."""

import io
import time

from invariants import invariants, settled
from listener import Listener
from mosquitto import Mosquitto
from PIL import Image
from scripted import PUBLISH, ScriptedBroker
from sim import TOPIC, Simulator, wait_until

STAT = f"stat/{TOPIC}/"
IMAGE = f"data/{TOPIC}/image"
PULSE = f"cmnd/{TOPIC}/pulse"
WAITING = 512  # commands in the queue
RATE = 500  # commands a second
MINUTE_S = 60
STEP_S = 0.1
LIMIT = 30_000  # bytes; pictures are larger
LOST_LINKS = 2
VGA = (640, 480)


# B9


def test_b9_hundreds_of_commands_a_second(row, tmp_path):
    """Queued commands run in order, the rest is answered `busy`; everything else continues."""
    options = {"set_tcp_nodelay": "true", "max_queued_messages": "0"}
    with (
        Mosquitto(tmp_path / "broker", options=options) as broker,
        Simulator(tmp_path, broker.uri, {"pubinterval": "0"}) as camera,
        Listener(broker.port, STAT + "#") as client,
    ):
        settled(camera)
        with invariants(camera, row):
            if row.full:
                for qos in (0, 1):
                    flood(row, camera, client, at_once(RATE), qos)
                flood(row, camera, client, sustained(camera, RATE * MINUTE_S))
            flood(row, camera, client, at_once(2 * WAITING))
        assert "mqtt connects 1," in camera.status("3")


def at_once(count):
    yield range(count)


def sustained(camera, count):
    """Yield RATE numbers a second, and check meanwhile that page and console respond."""
    step = int(RATE * STEP_S)
    started = time.monotonic()
    for number in range(0, count, step):
        yield range(number, number + step)
        if number % RATE == 0:
            with camera.within(2):
                assert camera.get("/api/status").status_code == 200
        time.sleep(max(0, started + (number + step) / RATE - time.monotonic()))  # the rate


def flood(row, camera, client, groups, qos=0):
    """Send numbered commands, and check the answer to each of them."""
    client.catch_up()
    since, sent = len(client.messages), 0
    refused_before = refused(camera)
    for numbers in groups:
        for number in numbers:
            client.send(PULSE, str(number), qos)
        sent += len(numbers)

    def answers():
        new = client.messages[since:]
        ran = [int(message.payload) for message in new if message.topic == STAT + "pulse"]
        busy = [message.payload for message in new if message.payload.startswith(b"busy: ")]
        rest = sum(int(text.split()[1]) for text in busy)
        return (ran, rest) if len(ran) + rest >= sent else None

    ran, rest = wait_until(answers, 30, "an answer to each command", every_s=0.1)
    assert ran == sorted(set(ran)) and len(ran) + rest == sent
    assert len(ran) >= min(sent, WAITING)
    assert refused(camera) - refused_before == rest
    row.count(sent)
    row.figure("answered busy", rest)


def refused(camera):
    """Return the number of commands that the camera has refused."""
    return int(camera.status("3").partition("commands refused ")[2].partition(",")[0])


# B13


def test_b13_picture_larger_than_the_broker_takes(row, tmp_path):
    """A broker that drops such pictures, and one that closes the link on each of them."""
    dropped(row, tmp_path / "drops")
    if row.full:
        closes(row, tmp_path / "closes")
        closes_without_a_word(row, tmp_path / "scripted")


def dropped(row, folder):
    with (
        Mosquitto(folder / "broker", options={"message_size_limit": LIMIT}) as broker,
        Simulator(folder, broker.uri, {"pubinterval": "1"}) as camera,
        Listener(broker.port) as client,
    ):
        wait_until(lambda: broker.log.count("too large PUBLISH") > 1, what="pictures")
        assert client.command("pubinterval") == "1"
        assert not client.on(IMAGE)
        assert "mqtt connects 1," in camera.status("3")
        row.count(broker.log.count("too large PUBLISH"))


def closes(row, folder):
    """Mosquitto ends two links; then the camera sends pictures that it accepts."""
    oversize = "disconnected due to oversize packet"
    with (
        Mosquitto(folder / "broker", options={"max_packet_size": LIMIT}) as broker,
        Simulator(folder, broker.uri, {"pubinterval": "0"}) as camera,
        Listener(broker.port) as client,
    ):
        size = publish_vga(camera)
        camera.wait_output("the broker ends the link on pictures of", 60)
        for _ in range(5):
            picture = client.wait(IMAGE, lambda each: not each.retain, 35).payload
            assert Image.open(io.BytesIO(picture)).size <= VGA and picture[-2:] == b"\xff\xd9"
            assert 0.3 * LIMIT < len(picture) < LIMIT
            client.catch_up()
            client.messages.clear()
        assert broker.log.count(oversize) == LOST_LINKS
        assert f"mqtt connects {1 + LOST_LINKS}," in camera.status("3")
        status = camera.status()
        assert f"pictures up to {size // 2} bytes (" in status, status
        assert f"the broker ends the link on {size} bytes" in status, status
        row.count(LOST_LINKS)
        row.figure("links lost", LOST_LINKS)


def closes_without_a_word(row, folder):
    """A broker that reads each picture and closes the link on the large ones."""
    taken, lost = [], []

    def script(peer):
        peer.login()

        def is_large(packet):
            kind, _, body = packet
            if kind != PUBLISH or IMAGE.encode() not in body[:80]:
                return False
            (lost if len(body) > LIMIT else taken).append(len(body))
            return len(body) > LIMIT

        peer.serve(is_large)

    with (
        ScriptedBroker(script) as broker,
        Simulator(folder, broker.uri, {"pubinterval": "0"}) as camera,
    ):
        publish_vga(camera)
        wait_until(lambda: len(taken) >= 5, 60, "pictures that the broker accepts")
        assert len(lost) == len(broker.connects) - 1 == LOST_LINKS
        row.count(len(lost))


def publish_vga(camera):
    """Publish VGA pictures at quality 8 every 2 s; return the size of one that ends the link."""
    assert camera.get("/jpg").content  # a camera that starts takes no parameters
    camera.command('camera {"framesize": "VGA", "quality": 8}')
    start = len(camera.output)
    assert camera.command("pubinterval 2") == "2"
    end = camera.wait_output("ends the link on pictures of ", 60, start)
    return int(camera.output[end:].split()[0])
