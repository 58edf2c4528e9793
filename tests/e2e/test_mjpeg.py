"""The stream: every part a valid picture, several viewers, and none of them a burden."""

import contextlib
import socket
import struct
import threading
import time

import pytest
from listener import Listener
from mosquitto import Mosquitto
from pictures import UXGA, Viewer, check
from sim import TOPIC, Simulator, wait_until
from stories import name_of
from viewer import Viewer as Watcher

IMAGE = f"data/{TOPIC}/image"
NOBODY = "mqtt://127.0.0.1:1"
MOST = 4
QVGA, QVGA_BYTES = (320, 240), 16_384


@pytest.fixture(scope="module", params=["api", "driver"])
def camera(request, tmp_path_factory):
    folder, args = tmp_path_factory.mktemp("camera"), ["--driver", request.param]
    with Simulator(folder, NOBODY, {"pubinterval": "0"}, args) as made:
        yield made


def watch(camera, **options):
    return Viewer(camera.facts["http"], **options)


def four(camera, size=UXGA):
    """Four viewers, each of which has got a picture."""
    viewers = []

    def joined():
        """Add a viewer if there is a place for it."""
        viewer = watch(camera)
        if " 200 " in viewer.head()[0]:
            check(viewer.part()[1], size)
            viewers.append(viewer)
        else:
            viewer.close()
        return len(viewers) == MOST

    wait_until(joined, 20, "four viewers", 0.05)
    return viewers


def close(viewers):
    for viewer in viewers:
        viewer.close()


@pytest.mark.parametrize("path", ["/mjpg", "/stream"])
def test_parts(camera, path):
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
        assert times == sorted(times) and abs(times[-1] - time.time()) < 5


def test_four_at_once_and_a_fifth(camera):
    viewers = four(camera)
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


def test_viewers_look_at_the_same_time(camera):
    """None waits for another: all four get pictures of the same moments."""
    viewers = four(camera)
    seen = [[] for _ in viewers]

    def look(viewer, numbers):
        for _ in range(8):
            numbers.append(check(viewer.part()[1]))

    try:
        threads = [threading.Thread(target=look, args=pair) for pair in zip(viewers, seen)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert all(numbers == sorted(set(numbers)) and len(numbers) == 8 for numbers in seen)
        assert max(numbers[0] for numbers in seen) < min(numbers[-1] for numbers in seen)
    finally:
        close(viewers)


def test_viewers_killed_in_mid_picture(camera):
    """Many that vanish without a word leave no place taken, and no memory."""
    camera.command('camera {"framesize": "QVGA"}')  # so that the six that are kept are small
    close(four(camera, QVGA))
    before = camera.heap_free()
    for number in range(40):
        viewer = watch(camera)
        viewer.head()
        viewer.sock.recv(1 + 997 * number)
        viewer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        viewer.close()  # by RST, as when a process is killed with data unread
    for _ in range(3):
        close(four(camera, QVGA))
    assert abs(camera.heap_free() - before) < 5 * QVGA_BYTES + 8_192  # five more may be kept
    assert "restarts 0," in camera.status("3")
    camera.command('camera {"framesize": "UXGA"}')


def test_nobody_looks_nothing_is_taken(camera):
    close(four(camera))

    def idle():
        before = camera.control("frames")["captured"]
        time.sleep(0.5)  # an absence has to be waited for
        return camera.control("frames")["captured"] == before

    wait_until(idle, 10, "the camera at rest")


# Slow ones


def stops_reading(folder):
    """It is dropped after about 10 s; the others and the broker hardly notice."""
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
            lasted = time.monotonic() - start
            published = len(client.messages) - since
            assert pictures == sorted(set(pictures))
            assert len(pictures) > lasted  # it went on at more than one a second
            assert published >= 0.9 * (lasted - 1), f"{published} in {lasted:.1f} s"
            for message in client.messages[since:]:
                check(message.payload)
            wait_until(lambda: dropped(camera, good), 8, "the idle viewer's place")
            assert 8 < time.monotonic() - start < 16


def dropped(camera, good):
    """Whether three more viewers find a place beside the good one."""
    check(good.part()[1])
    viewers = []
    try:
        for _ in range(MOST - 1):
            viewers.append(watch(camera))
            if " 200 " not in viewers[-1].head()[0]:
                return False
        return True
    except ConnectionError:  # those of the try before have not gone yet
        return False
    finally:
        close(viewers)


def camera_fails_meanwhile(folder):
    """The viewers stay, and go on when the camera is back."""
    with (
        Simulator(folder, NOBODY) as camera,
        contextlib.closing(Watcher(camera.url)) as watcher,  # pictures are always wanted
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


@pytest.mark.parametrize("story", SLOW, ids=name_of)
def test_slow(stories, story):
    stories.end_of(story)
