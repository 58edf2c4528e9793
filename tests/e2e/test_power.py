"""Power output, checked at its pin: switch, pulse, countdown and state after a restart."""

import pytest
from listener import Listener
from sim import TOPIC, Simulator, wait_until

STAT = f"stat/{TOPIC}/"
PIN = "4"


@pytest.fixture(scope="module")
def camera(broker, tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("camera"), broker.uri, {"pubinterval": "0"}) as made:
        yield made


@pytest.fixture
def client(broker, camera):
    with Listener(broker.port) as made:
        made.wait(STAT + "timer")
        yield made
        made.command("power", "off")
        made.command("pulse", "0")


def level(camera):
    return camera.control("pins")["pins"][PIN]


def retained(broker):
    """Return the retained values of power and timer."""
    with Listener(broker.port, STAT + "power", STAT + "timer") as late:
        values = [late.wait(STAT + name, lambda m: m.retain) for name in ("power", "timer")]
    return tuple(message.payload.decode() for message in values)


def stored(camera, key):
    return camera.control("nvs")["nvs"]["syscfg"].get(key)


def test_pin_and_retained_state_follow(camera, client, broker):
    for argument, expected in (("on", 1), ("toggle", 0), ("toggle", 1), ("off", 0)):
        assert client.command("power", argument) == ("off", "on")[expected]
        assert level(camera) == expected
        assert retained(broker) == (("off", "on")[expected], "0")


def test_timer_turns_on_and_any_change_clears_it(camera, client, broker):
    assert client.command("timer", "5") == "5"
    assert level(camera) == 1
    wait_until(lambda: retained(broker) == ("on", "5"), 5)
    assert client.command("timer", "+10") == "15"
    assert client.command("timer", "+1440") == "1440"
    assert client.command("timer") == "1440"
    assert level(camera) == 1
    client.command("power", "on")
    wait_until(lambda: retained(broker) == ("on", "0"), 5)
    assert client.command("timer", "+2") == "2"
    client.command("power", "off")
    wait_until(lambda: retained(broker) == ("off", "0"), 5)
    assert level(camera) == 0


@pytest.mark.parametrize("bad", ["0", "1441", "-1", "+0", "++5", "+", "soon"])
def test_bad_timer_changes_nothing(camera, client, bad):
    assert "timer: " in client.command("timer", bad, reply="SYNTAX")
    assert client.command("timer") == "0"
    assert level(camera) == 0


def test_pulse(camera, client, broker):
    assert client.command("pulse", "5") == "5"
    since = len(client.messages)
    assert client.command("power", "on") == "on"
    assert level(camera) == 1
    on = client.wait(STAT + "power", b"on", since=since)
    off = client.wait(STAT + "power", b"off", since=since)
    assert 0.4 < off.at - on.at < 1.0
    assert level(camera) == 0
    assert retained(broker) == ("off", "0")


def test_timer_overrides_the_pulse(camera, client):
    client.command("pulse", "1")
    since = len(client.messages)
    assert client.command("timer", "1") == "1"
    client.wait(STAT + "power", b"on", since=since)
    assert client.count(STAT + "power", 0.6) == 0
    assert level(camera) == 1


@pytest.mark.parametrize(
    ("at_reset", "before", "after"),
    [("off", "on", 0), ("on", "off", 1), ("last_state", "on", 1), ("last_state", "off", 0)],
)
def test_power_at_reset(camera, client, at_reset, before, after):
    # the first message may be the announcement of a state after the connect
    wait_until(lambda: client.command("poweratreset", at_reset) == at_reset, 5)
    client.command("power", "on" if before == "off" else "off")
    client.command("power", before)
    expected = {"off": 0, "on": 1, "last_state": None}[at_reset]
    wait_until(lambda: stored(camera, "APP_PWR_AT_RST") == expected, 5)
    if expected is None:  # defaults are not stored
        wait_until(lambda: bool(stored(camera, "APP_POWER")) == (before == "on"), 5)
    since = len(client.messages)
    camera.power_cut()
    assert level(camera) == after
    assert client.wait(STAT + "power", since=since).payload == (b"off", b"on")[after]


def test_quick_changes_publish_the_final_state(camera, client, broker):
    """Publish the final state when it changes faster than the broker acknowledges."""
    for _ in range(11):
        client.send(f"cmnd/{TOPIC}/power", "toggle")
    client.command("pulse")  # commands run in order, so all eleven have run
    wait_until(lambda: level(camera) and retained(broker) == ("on", "0"), 5)
    assert client.command("power") == "on"


def test_brightness_of_the_lamp_and_the_flash(camera, client):
    assert client.command("light", "40", reply="power") == "on"
    client.wait(STAT + "lamplevel", b"40")
    assert camera.control("pins")["waves"] == {PIN: [10_000, 40]}
    assert client.command("power", "off") == "off"
    assert (camera.control("pins")["waves"], level(camera)) == ({}, 0)
    assert client.command("lamplevel", "100") == "100"
    assert client.command("flash", "on") == "on"
    client.command("flashlead", "100")
    since = len(client.messages)
    client.command("capture")
    client.wait(f"data/{TOPIC}/image", since=since)
    assert [level for _, level in camera.control("pins")["lamp"]][-2:] == [1, 0]
    assert client.command("power") == "off"
    client.command("flash", "off")
