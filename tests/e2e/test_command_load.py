"""Commands during streaming, and masking of secrets in all outputs."""

import statistics
import threading
import time

import pytest
from listener import Listener
from pictures import Viewer
from sim import TOPIC, Simulator, wait_until
from transports import MQTTTransport, TelnetConsole, UARTConsole

STAT = f"stat/{TOPIC}/"
MEDIAN_S = 0.05


@pytest.fixture(scope="module")
def camera(broker, tmp_path_factory):
    """Camera in real time, so that the sensor leaves as much CPU time as on the chip."""
    folder = tmp_path_factory.mktemp("camera")
    with Simulator(folder, broker.uri, {"pubinterval": "0"}, fast=False) as made:
        yield made


@pytest.fixture
def client(broker, camera):
    with Listener(broker.port) as made:
        made.wait(STAT + "timer")
        yield made


def test_reply_time_while_streaming(camera, client):
    client.command("pubinterval", "1")
    stop = threading.Event()
    with Viewer(camera.facts["http"]) as viewer:
        viewer.head()

        def watch():
            while not stop.is_set():
                viewer.skip(20_000)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            client.wait(f"data/{TOPIC}/image", lambda m: not m.retain)
            times = []
            for _ in range(50):
                with camera.stopwatch() as took:
                    client.command("timer")
                times.append(took.s)
        finally:
            stop.set()
            watcher.join(10)
    client.command("pubinterval", "0")
    median = statistics.median(times)
    print(f"median {1_000 * median:.1f} ms, most {1_000 * max(times):.1f} ms")
    assert median <= MEDIAN_S


def wait_responsive(console):
    """Wait until a console responds again after much output, which may drop lines."""

    def responds():
        since = len(console.text)
        console.type("pulse")
        end = time.monotonic() + 1
        while time.monotonic() < end and "pulse = " not in console.text[since:]:
            time.sleep(0.01)
        return "pulse = " in console.text[since:]

    wait_until(responds, 15, "a reply")


def test_secrets_are_never_shown(broker, camera, client):
    """Only the console that sets a secret echoes it; all other output masks it."""
    telnet = TelnetConsole(camera)
    transports = {"mqtt": MQTTTransport(client), "telnet": telnet, "uart": UARTConsole(camera)}
    masked = {name: 0 for name in transports}
    for sender in transports:
        canary = f"canary-of-{sender}"
        for name in ("mqttpass", "password"):
            positions = {name: len(transports[name].text) for name in ("telnet", "uart")}
            since = len(client.messages)
            assert transports[sender].command(name, canary).text == "***"
            if name == "password":
                camera.control("wifi", password=canary)
                camera.wait_output("wifi: address", since=positions["uart"])
                camera.skip_reconnect_delay()
            client.wait(STAT + "timer", since=since, limit_s=20)
            for command in ("config", "log", "status", f"help {name}", name):
                transports["uart"].type(command)
            for command in ("config", "log", "status", "help", name):
                client.publish(f"cmnd/{TOPIC}/{command}", "1" if command == "status" else "")
            wait_responsive(transports["uart"])
            client.command("pulse")
            received = [m for m in client.messages[since:] if not m.topic.startswith("cmnd/")]
            assert not any(canary.encode() in m.payload for m in received)
            for console, at in positions.items():
                text = transports[console].text[at:].replace(f"{name} {canary}\n", "")
                assert canary not in text
                masked[console] += "***" in text
    assert masked["telnet"] and masked["uart"]
    assert b"canary" not in camera.get("/").content
    telnet.close()
