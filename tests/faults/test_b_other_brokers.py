"""Brokers other than mosquitto."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from listener import Listener
from mosquitto import Mosquitto
from otherbrokers import Aedes, Amqtt, Nats
from pictures import check
from sim import TOPIC, Simulator, wait_until

IMAGE = f"data/{TOPIC}/image"
LWT = f"tele/{TOPIC}/LWT"
STAT = f"stat/{TOPIC}/"
DEVICE, GROUP = "DVES_A1B2C3", "esp32-mqtt-cams"
PICTURES = 3
COMMANDS = 100
CASES = []  # what each broker has to do with the camera


def case(function):
    CASES.append(function)
    return function


@pytest.mark.slow
def test_b12_other_brokers(row, tmp_path):
    """All cases work with each of the brokers."""
    made = [Mosquitto, Nats, Amqtt, Aedes]
    with ThreadPoolExecutor(len(made)) as pool:
        done = [pool.submit(with_broker, row, each, tmp_path / each.__name__) for each in made]
    for each in done:
        each.result()
    row.figure("brokers", len(made))


def with_broker(row, kind, folder):
    """Run all cases against one broker."""
    with kind(folder / "broker") as broker, Simulator(folder / "camera", broker.uri) as camera:
        for check_case in CASES:
            camera.wait_status("mqtt connected", 40)
            with (
                row.injection(f"{kind.__name__}: {check_case.__name__}"),
                Listener(broker.port, "#") as client,
            ):
                check_case(camera, broker, client)


@case
def commands(camera, broker, client):
    """Commands on each topic are answered, in their order."""
    assert client.command("power", topic=GROUP) == "off"
    for topic in (TOPIC, DEVICE):
        assert client.command("timer", "7", topic=topic) == "7"
    assert "pubinterval" in client.command("nonsense", reply="SYNTAX")
    since = client.catch_up()
    for number in range(COMMANDS):
        client.send(f"cmnd/{TOPIC}/pulse", str(number), qos=1)

    def replies():
        return [int(m.payload) for m in client.messages[since:] if m.topic == STAT + "pulse"]

    wait_until(lambda: len(replies()) >= COMMANDS, what="a reply to each command")
    assert replies() == list(range(COMMANDS))


@case
def pictures(camera, broker, client):
    """Pictures arrive whole and in their order, and the last one is retained."""
    client.command("pubinterval", "1")

    def live():
        return [m for m in client.on(IMAGE) if not m.retain]

    wait_until(lambda: len(live()) >= PICTURES, what="pictures")
    numbers = [check(message.payload) for message in live()]
    assert numbers == sorted(set(numbers))
    client.command("pubinterval", "0")
    with Listener(broker.port, IMAGE) as late:
        assert late.wait(IMAGE).retain
        check(late.on(IMAGE)[0].payload)


@case
def states(camera, broker, client):
    """Online, power and timer are retained for a client that subscribes late."""
    assert client.command("timer", "7") == "7"  # switches the power on
    for topic, payload in ((LWT, b"Online"), (STAT + "power", b"on"), (STAT + "timer", b"7")):
        with Listener(broker.port, topic) as late:
            assert late.wait(topic, payload).retain


@case
def last_will(camera, broker, client):
    """A camera that loses its power is Offline, and Online once it has returned.

    aedes keeps the retained Online but does not deliver it live, if another packet follows in the
    same segment, so a later subscription asks for it.
    """
    since = client.catch_up()
    camera.control("power_cut")
    client.wait(LWT, b"Offline", since=since)
    boots = camera.facts["boots"]
    camera.control("power_on")
    camera.wait_boot(boots + 1)
    client.wait(STAT + "timer", since=since)
    with Listener(broker.port, LWT) as late:
        late.wait(LWT, b"Online")


@case
def retained_command(camera, broker, client):
    """A retained command that meets the camera at its connect is not executed."""
    client.publish(f"cmnd/{TOPIC}/pubinterval", "9", retain=True)
    client.wait(STAT + "pubinterval", b"9")  # delivered live
    assert client.command("pubinterval", "0") == "0"
    since = len(camera.output)
    camera.command("mqttuser other")
    camera.wait_output("a retained command is not executed: pubinterval", since=since)
    assert client.command("pubinterval") == "0"
    client.publish(f"cmnd/{TOPIC}/pubinterval", retain=True)


@case
def restart(camera, broker, client):
    """The camera connects again to a broker that was killed."""
    since = len(camera.output)
    broker.kill()
    camera.wait_output("mqtt: ! ", since=since)
    broker.start()
    camera.wait_output("mqtt: connected", 40, since)
    with Listener(broker.port, "#") as again:
        assert again.command("pubinterval") == "0"
