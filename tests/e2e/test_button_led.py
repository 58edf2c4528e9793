"""The button's gestures and the LED's patterns, as a hand and an eye meet them."""

import itertools
import time

import pytest
from listener import Listener
from sim import TOPIC, Simulator, wait_until

STAT = f"stat/{TOPIC}/"
POWER, LED = "4", "33"
LIT = 0  # active low


@pytest.fixture(scope="module")
def camera(broker, tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("camera"), broker.uri, {"pubinterval": "0"}) as made:
        yield made


@pytest.fixture
def client(broker, camera):
    with Listener(broker.port) as made:
        made.wait(STAT + "timer")
        camera.wait_status("mqtt connected")
        yield made


def press(camera, **how):
    """Press and let go, and leave the button alone for longer than contacts bounce."""
    camera.control("press", **how)
    time.sleep(0.1)


def changes(camera, since):
    """The LED's changes after the moment `since`, in the board's milliseconds."""
    return [(ms, level) for ms, level in camera.control("pins")["led"] if ms > since]


def now(camera):
    led = camera.control("pins")["led"]
    return led[-1][0] if led else 0


def rhythm(camera, since, count):
    """[(lit, ms), ...] of the next `count` phases."""

    def enough():
        seen = changes(camera, since)
        return seen if len(seen) > count else None

    seen = wait_until(enough, 10, f"{count + 1} changes of the LED")
    return [(a[1] == LIT, b[0] - a[0]) for a, b in itertools.pairwise(seen)][:count]


def fits(phases, lit_ms, dark_ms):
    """Whether phases alternate in these times, but for what a busy PC adds."""
    wanted = {True: lit_ms, False: dark_ms}
    return all(-25 < ms - wanted[lit] < 90 for lit, ms in phases)


def dark(camera):
    """Wait until events have been shown and the LED is off as a connected camera's is."""
    seen = []

    def quiet():
        seen.append(len(camera.control("pins")["led"]) and now(camera))
        return len(seen) > 12 and len(set(seen[-12:])) == 1

    wait_until(quiet, 15, "a LED at rest", 0.1)
    assert camera.control("pins")["pins"][LED] != LIT


# Button


def test_press_toggles_and_tells(camera, client):
    for wanted in ("on", "off"):
        since = len(client.messages)
        press(camera)
        told = client.wait(STAT + "power", wanted.encode(), since=since)
        assert told.qos == 1
        assert camera.control("pins")["pins"][POWER] == (wanted == "on")


def test_press_ends_the_countdown(camera, client):
    client.ask("timer", "9")
    since = len(client.messages)
    press(camera)
    client.wait(STAT + "timer", b"0", since=since)
    client.wait(STAT + "power", b"off", since=since)


@pytest.mark.parametrize("bounce_ms", [1, 5, 20, 50])
def test_bounce_is_one_press(camera, client, bounce_ms):
    since = len(client.messages)
    press(camera, ms=150, bounce_ms=bounce_ms)
    client.wait(STAT + "power", b"on", since=since)
    press(camera, ms=150, bounce_ms=bounce_ms)
    client.wait(STAT + "power", b"off", since=since)
    client.ask("pulse")
    told = [m.payload for m in client.messages[since:] if m.topic == STAT + "power"]
    assert told == [b"on", b"off"]


def test_four_presses(camera, client):
    since = len(camera.output)
    press(camera, times=4)
    camera.wait_output("button: four presses", since=since)
    assert client.ask("power") == "off"


# LED


def test_led_of_a_command(camera, client):
    dark(camera)
    since = now(camera)
    client.ask("pulse")
    phases = rhythm(camera, since, 3)
    assert [lit for lit, _ in phases] == [True, False, True]
    assert fits(phases, 400, 400), phases
    dark(camera)
    assert len(changes(camera, since)) == 4


def test_led_of_a_syntax_error(camera, client):
    dark(camera)
    since = now(camera)
    client.ask("nonsense", reply="SYNTAX")
    phases = rhythm(camera, since, 7)
    assert fits(phases, 100, 100), phases
    dark(camera)
    assert len(changes(camera, since)) == 8


def test_led_of_a_press(camera, client):
    dark(camera)
    since = now(camera)
    press(camera)
    assert fits(rhythm(camera, since, 1), 400, 0)
    dark(camera)
    assert len(changes(camera, since)) == 2
    press(camera)


def test_led_without_wifi(camera, client):
    dark(camera)
    camera.control("wifi", up=False)
    camera.wait_status("wifi joining")
    phases = rhythm(camera, now(camera), 3)
    assert fits(phases[1:], 800, 800), phases
    camera.control("wifi", up=True)


def test_led_without_broker(camera, broker):
    broker.stop()
    try:
        camera.wait_status("wifi joined")
        phases = rhythm(camera, now(camera), 3)
        assert fits(phases[1:], 100, 1_500), phases
    finally:
        broker.start()
    camera.command("mqttkeepalive 110")  # connects at once
    dark(camera)


def test_led_of_the_start(camera):
    """Lit until there is something else to show, off once the broker is there."""
    dark(camera)
    since = now(camera)
    camera.power_cut()
    camera.wait_status("mqtt connected")
    first = wait_until(lambda: changes(camera, since), 5)[0]
    assert first[1] == LIT
    dark(camera)


def test_holding_erases(camera):
    camera.command("otaurl http://example/x")
    press(camera, ms=3_500)
    assert camera.command("otaurl") == "http://example/x"
    since = len(camera.output)
    press(camera, ms=4_400)
    camera.wait_output("system: restarting", since=since)
    since = camera.wait_output("system: esp32-mqtt-cam", since=since)
    assert not camera.command("otaurl")
    assert not camera.command("ssid")
    assert not camera.command("mqtthost")
