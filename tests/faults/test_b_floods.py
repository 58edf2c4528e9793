"""Commands by the thousand, and pictures that a broker does not accept."""

import time

from invariants import invariants, settled
from listener import Listener
from mosquitto import Mosquitto
from pictures import check
from sim import TOPIC, Simulator, wait_until

STAT = f"stat/{TOPIC}/"
IMAGE = f"data/{TOPIC}/image"
PULSE = f"cmnd/{TOPIC}/pulse"
WAITING = 512  # commands in the queue
RATE = 500  # commands a second
MINUTE_S = 60
STEP_S = 0.1
LIMIT = 30_000  # bytes; pictures are larger
LOST_LINKS = 3


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
    """After three links the camera holds such pictures back, and sends smaller ones."""
    oversize = "disconnected due to oversize packet"
    with (
        Mosquitto(folder / "broker", options={"max_packet_size": LIMIT}) as broker,
        Simulator(folder, broker.uri, {"pubinterval": "1"}) as camera,
        Listener(broker.port) as client,
    ):
        held_back = camera.wait_output("the link ends on pictures of", 60)
        camera.wait_output("mqtt: connected", 35, held_back)
        sent = client.catch_up()
        dropped = broker.log.count(oversize)
        for _ in range(5):
            client.send(f"cmnd/{TOPIC}/capture")
            assert client.command("pubinterval") == "1"
        client.command("camera", '{"framesize": "QVGA"}')
        check(client.wait(IMAGE, since=sent).payload, (320, 240))
        assert broker.log.count(oversize) == dropped == LOST_LINKS
        assert f"mqtt connects {1 + LOST_LINKS}," in camera.status("3")
        row.count(dropped)
        row.figure("links lost", dropped)
