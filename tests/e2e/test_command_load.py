"""Commands during streaming."""

import statistics
import threading

import pytest
from listener import Listener
from pictures import Viewer
from sim import TOPIC, Simulator

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


@pytest.mark.slow
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
