"""Button: contacts that bounce or stick, and presses close to the limits of a gesture."""

import socket
import threading
import time

import pytest
import test_micropython
from sim import TOPIC, Simulator, wait_until

STAT = f"stat/{TOPIC}/"
IN_A_ROW = 3  # the fourth press within a second of the one before opens the access point
PAUSE_S = 1.1
BUTTON_TESTS = "test_button.py"


@pytest.fixture(scope="module")
def camera(broker, tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("camera"), broker.uri, {"pubinterval": "0"}) as made:
        made.wait_status("mqtt connected")
        yield made


@pytest.fixture
def simulated(interpreter, repo, tmp_path):
    """Run the tests of the button in simulated time: bounces, 100 presses, exact limits."""
    program = repo / "tests" / "unit" / BUTTON_TESTS
    return lambda: test_micropython.test_unit(program, interpreter, repo, tmp_path)


def test_g1_contact_that_bounces_or_sticks(row, camera, client, simulated):
    """Each press acts once, however long it bounces; one that precedes the start is ignored."""
    state = client.command("power", "off")
    for count in range(row.times(40, 4)):
        if count and count % IN_A_ROW == 0:
            time.sleep(PAUSE_S)
        bounce_ms = row.chance.randrange(1, 51)
        with row.injection(f"bounce of {bounce_ms} ms"):
            since = len(client.messages)
            camera.control("press", ms=150, bounce_ms=bounce_ms)
            state = "off" if state == "on" else "on"
            client.wait(STAT + "power", state.encode(), since=since)
            client.command("pulse")
            seen = [m.payload for m in client.messages[since:] if m.topic == STAT + "power"]
            assert seen == [state.encode()]
    if row.full:
        with row.injection("100 presses, and glitches, in simulated time"):
            simulated()
        with row.injection("stuck"):
            stuck_at_the_start(camera, client)


def stuck_at_the_start(camera, client):
    """Hold the button over a start: it is logged and ignored until its release."""
    client.command("power", "off")
    since = client.catch_up()
    holder = threading.Thread(target=hold, args=(camera, 6_000))
    holder.start()
    client.wait(STAT + "power", b"on", since=since)  # the button is down
    client.command("power", "off")
    since = len(camera.output)
    camera.power_cut()
    camera.wait_output("button: ! down at the start", since=since)
    holder.join()
    assert camera.command("ssid") == "sim"
    assert camera.command("power") == "off"
    camera.control("press")
    wait_until(lambda: camera.command("power") == "on", 5)


def hold(camera, ms):
    """Hold the button through a separate control connection, which blocks until the release."""
    with socket.create_connection(("127.0.0.1", camera.facts["control"]), 20) as sock:
        sock.sendall(b'{"do": "press", "ms": %d}\n' % ms)
        assert b"true" in sock.recv(100)


@pytest.mark.slow
def test_g2_presses_around_the_limits(row, broker, tmp_path, simulated):
    """Holding for four seconds resets the camera, less does not; the limit is exact to 100 ms."""
    with row.injection("3.9 s and 4.1 s with any bounce, in simulated time"):
        simulated()
    row.figure("exact to", 100, "ms")
    with Simulator(tmp_path, broker.uri, {"otaurl": "http://example/x"}) as camera:
        camera.wait_status("mqtt connected")
        with row.injection("2 s"):
            camera.control("press", ms=2_000)
            assert camera.command("otaurl") == "http://example/x"
        with row.injection("4.4 s"):
            since = len(camera.output)
            camera.control("press", ms=4_400)
            since = camera.wait_output("system: restarting", since=since)
            camera.wait_output("system: esp32-mqtt-cam", since=since)
            for name in ("otaurl", "ssid", "mqtthost"):
                assert not camera.command(name)
