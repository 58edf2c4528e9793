"""Log over UDP to a syslog server, with all levels and without secrets."""

import re
import time

import pytest
from listener import Listener
from sim import TOPIC, Simulator
from syslog_server import SyslogServer


@pytest.fixture(scope="module")
def server():
    made = SyslogServer()
    yield made
    made.close()


@pytest.fixture(scope="module")
def camera(broker, server, tmp_path_factory):
    settings = {"pubinterval": "0", "syslog": server.address, "loglevel": "debug"}
    with Simulator(tmp_path_factory.mktemp("camera"), broker.uri, settings) as made:
        yield made


@pytest.fixture
def client(broker, camera):
    with Listener(broker.port) as made:
        made.wait(f"stat/{TOPIC}/timer")
        yield made


def test_lines_since_the_start(camera, server):
    for text in ("system: esp32-mqtt-cam", "wifi: joining sim", "mqtt: connected"):
        server.wait(text)
    pattern = r"<13[0-9]>DVES_A1B2C3 \d+ \w+: [^\n]+"
    assert all(re.fullmatch(pattern, line) for line in server.lines)
    numbers = [int(line.split()[1]) for line in server.lines]
    assert numbers == sorted(numbers)


def test_severity(camera, server):
    since = len(server.lines)
    camera.control("camera", fault="none", count=1)
    camera.get("/capture")
    server.wait("camera: ! ", since)
    server.wait("camera: failure ", since)
    errors = [line for line in server.lines[since:] if "camera: ! " in line]
    assert all(line.startswith("<131>") for line in errors)
    assert any(line.startswith("<134>") for line in server.lines)
    debug = [line for line in server.lines[since:] if "camera: failure" in line]
    assert all(line.startswith("<135>") for line in debug)


def test_sends_the_lines_of_the_log_command(camera, client, server):
    logged = client.command("log").splitlines()
    server.wait(logged[-1])
    sent = [line.partition(" ")[2] for line in server.lines]
    assert set(logged) <= set(sent)


def test_switched_off_and_on(camera, server):
    camera.command("syslog 1")
    assert camera.command("syslog") == ""
    since = len(camera.output)
    camera.control("camera", fault="none", count=1)
    camera.get("/capture")
    camera.wait_output("camera: works again", since=since)
    time.sleep(0.5)  # the setting is polled a few times a second
    before = len(server.lines)
    camera.control("camera", fault="raise", count=1)
    camera.get("/capture")
    camera.wait_output("capture failed", since=since)
    assert not any("capture failed" in line for line in server.lines[before:])
    camera.command("syslog " + server.address)
    server.wait("capture failed", before)  # from the log's ring buffer
