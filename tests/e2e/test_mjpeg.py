"""MJPEG stream: valid parts, several viewers, slow viewers and viewers that disappear."""

import contextlib
import socket
import struct
import threading
import time

import pytest
from listener import Listener
from mosquitto import Mosquitto
from pictures import UXGA, Viewer, check
from scenarios import scenario_name
from sim import TOPIC, Simulator, wait_until
from viewer import Viewer as Watcher

IMAGE = f"data/{TOPIC}/image"
NO_BROKER = "mqtt://127.0.0.1:1"
MAX_VIEWERS = 4
QVGA, QVGA_BYTES = (320, 240), 16_384


@pytest.fixture(scope="module", params=["api", "driver"])
def camera(request, tmp_path_factory):
    folder, args = tmp_path_factory.mktemp("camera"), ["--driver", request.param]
    with Simulator(folder, NO_BROKER, {"pubinterval": "0"}, args) as made:
        yield made


def watch(camera, **options):
    return Viewer(camera.facts["http"], **options)


def open_four(camera, size=UXGA):
    """Return four viewers that have each received a picture of this size."""
    viewers = []

    def joined():
        """Add a viewer if a slot is free."""
        viewer = watch(camera)
        if " 200 " in viewer.head()[0]:
            check(viewer.part()[1], size)
            viewers.append(viewer)
        else:
            viewer.close()
        return len(viewers) == MAX_VIEWERS

    wait_until(joined, 20, "four viewers", 0.05)
    return viewers


def close(viewers):
    for viewer in viewers:
        viewer.close()


@pytest.mark.parametrize("path", ["/mjpg", "/stream"])
def test_parts(camera, path):
    wait_until(lambda: "date" in camera.get("/api/status").headers, what="the clock is set")
    with watch(camera, path=path) as viewer:
        first, head = viewer.head()
        assert " 200 " in first
        assert head["content-type"] == "multipart/x-mixed-replace; boundary=frame"
        numbers, times = [], []
        for _ in range(10):
            fields, picture = viewer.part()
            assert fields["content-type"] == "image/jpeg"
            numbers.append(check(picture))
            times.append(float(fields["x-timestamp"]))
        assert numbers == sorted(set(numbers))
        assert times == sorted(set(times)) and abs(times[-1] - time.time()) < 5


def test_fifth_viewer_is_refused(camera):
    viewers = open_four(camera)
    try:
        with watch(camera) as fifth:
            with camera.within(1):
                first, head = fifth.head()
            assert " 503 " in first
            assert int(head["retry-after"]) > 0
            assert fifth.rest()
        assert camera.get("/").status_code == 200
        check(camera.get("/jpg").content)
        for viewer in viewers:
            numbers = [check(viewer.part()[1]) for _ in range(3)]
            assert numbers == sorted(set(numbers))
    finally:
        close(viewers)


def test_viewers_receive_pictures_concurrently(camera):
    """No viewer waits for another, so all four receive pictures in the same period."""
    viewers = open_four(camera)
    seen = [[] for _ in viewers]

    def receive(viewer, numbers):
        while min(map(len, seen)) < 8:  # until the slowest thread has that many
            numbers.append(check(viewer.part()[1]))

    try:
        threads = [threading.Thread(target=receive, args=pair) for pair in zip(viewers, seen)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert all(numbers == sorted(set(numbers)) and len(numbers) >= 8 for numbers in seen)
        assert max(numbers[0] for numbers in seen) < min(numbers[-1] for numbers in seen)
    finally:
        close(viewers)


def test_killed_viewers_release_slots_and_memory(camera):
    """Viewers that reset the connection within a picture leave no slot or memory in use."""
    camera.command(
        'camera {"framesize": "QVGA"}'
    )  # so that the six frames that are kept are small
    close(open_four(camera, QVGA))
    before = camera.heap_free()
    for number in range(40):
        viewer = watch(camera)
        viewer.head()
        viewer.sock.recv(1 + 997 * number)
        viewer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        viewer.close()  # by RST, as when a process is killed with data unread
    for _ in range(3):
        close(open_four(camera, QVGA))
    assert abs(camera.heap_free() - before) < 5 * QVGA_BYTES + 8_192  # five more may be kept
    assert "restarts 0," in camera.status("3")
    camera.command('camera {"framesize": "UXGA"}')


def test_no_capture_without_viewers(camera):
    close(open_four(camera))

    def idle():
        before = camera.control("frames")["captured"]
        time.sleep(0.5)  # long enough for another capture
        return camera.control("frames")["captured"] == before

    wait_until(idle, 10, "an idle camera")


# Slow scenarios


def stops_reading(folder):
    """Disconnect a viewer that stops reading after about 10 s; the others are hardly affected."""
    with (
        Mosquitto(folder / "broker") as broker,
        Simulator(folder / "camera", broker.uri, {"pubinterval": "1"}) as camera,
        Listener(broker.port, IMAGE) as client,
    ):
        client.wait(IMAGE)
        with watch(camera) as good, watch(camera, receive_buffer=4_096) as bad:
            good.head()
            bad.head()
            bad.part()
            start = time.monotonic()
            since = len(client.messages)
            pictures = [check(good.part()[1]) for _ in range(5)]
            while time.monotonic() - start < 8:
                pictures.append(check(good.part()[1]))
            elapsed_s = time.monotonic() - start
            published = len(client.messages) - since
            assert pictures == sorted(set(pictures))
            assert len(pictures) > elapsed_s  # more than one picture per second
            assert published >= 0.9 * (elapsed_s - 1), f"{published} in {elapsed_s:.1f} s"
            for message in client.messages[since:]:
                check(message.payload)
            wait_until(lambda: slot_freed(camera, good), 8, "the idle viewer's slot")
            assert 8 < time.monotonic() - start < 16


def slot_freed(camera, good):
    """Return True if three more viewers get a slot in addition to `good`."""
    check(good.part()[1])
    viewers = []
    try:
        for _ in range(MAX_VIEWERS - 1):
            viewers.append(watch(camera))
            if " 200 " not in viewers[-1].head()[0]:
                return False
        return True
    except ConnectionError:  # the viewers of the last attempt are not gone yet
        return False
    finally:
        close(viewers)


def camera_fails_meanwhile(folder):
    """Viewers stay connected and receive pictures again once the camera has recovered."""
    with (
        Simulator(folder, NO_BROKER) as camera,
        contextlib.closing(Watcher(camera.url)) as watcher,  # keeps the camera capturing
        watch(camera) as viewer,
    ):
        watcher.start()
        viewer.head()
        last = check(viewer.part()[1])
        camera.control("camera", fault="truncate")
        camera.wait_status("camera recovering")
        assert camera.get("/").status_code == 200
        camera.control("camera", fault=None)
        with camera.within(10):
            for _ in range(5):
                number = check(viewer.part()[1])
                assert number > 0
        assert number != last


SLOW = [stops_reading, camera_fails_meanwhile]


@pytest.mark.parametrize("scenario", SLOW, ids=scenario_name)
def test_slow(scenarios, scenario):
    scenarios.wait_for(scenario)
