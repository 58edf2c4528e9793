"""Button gestures and LED patterns, at the pins."""

import contextlib
import itertools
import time

import pytest
from listener import Listener
from mosquitto import Mosquitto
from scenarios import scenario_name
from sim import TOPIC, Simulator, wait_until

STAT = f"stat/{TOPIC}/"
POWER, LED = "4", "33"
LIT = 0  # active low
NUMBERS = itertools.count()


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
    """Press and release the button and wait until the firmware has detected it.

    A pause after three single presses prevents a fourth, which would open the access point.
    """
    in_a_row = getattr(camera, "in_a_row", 0)
    if in_a_row == 3 or how.get("times", 1) > 1:
        time.sleep(1.1)
        in_a_row = 0
    camera.in_a_row = in_a_row + 1
    camera.control("press", **how)


def changes(camera, since):
    """Return the LED's changes as [(ms, level), ...] after `since`, in ms of the board's clock."""
    return [(ms, level) for ms, level in camera.control("pins")["led"] if ms > since]


def now(camera):
    """Return the time of the LED's last change, in ms of the board's clock."""
    led = camera.control("pins")["led"]
    return led[-1][0] if led else 0


def rhythm(camera, since, count):
    """Return the LED's next `count` phases after `since` as [(lit, ms), ...]."""

    def enough():
        seen = changes(camera, since)
        return seen if len(seen) > count else None

    return phases(wait_until(enough, 10, f"{count + 1} changes of the LED"))[:count]


def phases(seen):
    """Return the phases between the changes as [(lit, ms), ...]."""
    return [(a[1] == LIT, b[0] - a[0]) for a, b in itertools.pairwise(seen)]


def matches(seen, lit_ms, dark_ms):
    """Return True if the phases have these durations.

    A busy PC prolongs single phases and shortens none.
    """
    for lit, wanted_ms in ((True, lit_ms), (False, dark_ms)):
        shortest = min((ms for phase, ms in seen if phase == lit), default=wanted_ms)
        if not -60 < shortest - wanted_ms < 150:
            return False
    return True


def wait_dark(camera):
    """Wait until the LED has shown all events and is off, as on a connected camera."""
    seen = []

    def quiet():
        seen.append(len(camera.control("pins")["led"]) and now(camera))
        return len(seen) > 8 and len(set(seen[-8:])) == 1

    wait_until(quiet, 15, "a steady LED", 0.1)
    assert camera.control("pins")["pins"][LED] != LIT


# Button


def test_press_toggles_and_publishes(camera, client):
    for wanted in ("on", "off"):
        since = len(client.messages)
        press(camera)
        message = client.wait(STAT + "power", wanted.encode(), since=since)
        assert message.qos == 1
        assert camera.control("pins")["pins"][POWER] == (wanted == "on")


def test_press_ends_the_countdown(camera, client):
    client.command("timer", "9")
    since = len(client.messages)
    press(camera)
    client.wait(STAT + "timer", b"0", since=since)
    client.wait(STAT + "power", b"off", since=since)


def test_four_presses_open_the_access_point(camera, client):
    since = len(camera.output)
    press(camera, times=4)
    try:
        camera.wait_output("button: four presses", since=since)
        camera.wait_status("wifi access point, access point 192.168.1.1")
        assert "off" in camera.command("power")
        seen = rhythm(camera, now(camera), 10)[-6:]  # after the blink for the press
        assert matches(seen, 100, 100), seen
    finally:  # a changed network closes the access point
        assert camera.command(f"password2 other-{next(NUMBERS)}-one") == "***"
        camera.wait_status("mqtt connected")


# LED, and scenarios that take seconds


@contextlib.contextmanager
def running(folder):
    """Yield (camera, broker, client) with the LED off."""
    with Mosquitto(folder / "broker") as broker:
        with Simulator(folder / "camera", broker.uri, {"pubinterval": "0"}) as camera:
            with Listener(broker.port) as client:
                client.wait(STAT + "timer")
                wait_dark(camera)
                yield camera, broker, client


def blinks_for_events(folder):
    """Two blinks for a command, four fast ones for an error, one for a press; then off."""
    with running(folder) as (camera, _, client):
        for cause, count, ms in (
            (lambda: client.command("pulse"), 2, 400),
            (lambda: client.command("nonsense", reply="SYNTAX"), 4, 100),
            (lambda: press(camera), 1, 400),
        ):
            since = now(camera)
            cause()
            wait_dark(camera)
            seen = changes(camera, since)
            assert len(seen) == 2 * count, seen
            assert seen[0][1] == LIT
            assert matches(phases(seen), ms, ms), seen


def pattern_without_wifi(folder):
    with running(folder) as (camera, _, _):
        camera.control("wifi", up=False)
        camera.wait_status("wifi joining")
        seen = rhythm(camera, now(camera), 3)
        assert matches(seen, 800, 800), seen
        camera.control("wifi", up=True)
        camera.wait_status("mqtt connected", 20)
        wait_dark(camera)


def pattern_without_broker(folder):
    with running(folder) as (camera, broker, _):
        broker.stop()
        camera.wait_status("mqtt waiting")
        seen = rhythm(camera, now(camera), 3)
        assert matches(seen, 100, 1_500), seen


def lit_during_start(folder):
    """The LED is on from the start until the broker is connected."""
    with running(folder) as (camera, _, _):
        since = now(camera)
        camera.power_cut()
        camera.wait_status("mqtt connected")
        wait_dark(camera)
        assert changes(camera, since)[0][1] == LIT


@pytest.mark.parametrize(
    "scenario",
    [
        blinks_for_events,
        pattern_without_wifi,
        pattern_without_broker,
        lit_during_start,
    ],
    ids=scenario_name,
)
def test_slow(scenarios, scenario):
    scenarios.wait_for(scenario)
