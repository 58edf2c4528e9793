"""MJPEG streams: viewers that stop reading, vanish, or are too many; every part is a picture."""

import contextlib
import io
import itertools
import socket
import struct
import threading
import time

import pytest
from listener import Listener
from pictures import UXGA, Viewer, check, viewers
from PIL import Image
from sim import TOPIC, Simulator, wait_until

IMAGE = f"data/{TOPIC}/image"
NO_BROKER = "mqtt://127.0.0.1:1"
DRIVERS = ("api", "driver")
MAX_VIEWERS = 4
SIZES = {"UXGA": UXGA, "VGA": (640, 480), "QVGA": (320, 240)}
KEPT_BYTES = 5 * 16_384 + 8_192  # pictures of 320 x 240 that the camera may keep
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close by RST, as a killed process with unread data


@pytest.fixture(scope="module")
def cameras(request, tmp_path_factory):
    """A camera for each driver; in `make test` only one."""
    drivers = DRIVERS if request.config.getoption("full") else DRIVERS[:1]
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(streaming(tmp_path_factory, driver)) for driver in drivers]


def streaming(factory, driver):
    args = ("--driver", driver)
    return Simulator(factory.mktemp(driver), NO_BROKER, {"pubinterval": "0"}, args)


def watch(camera, **options):
    return Viewer(camera.facts["http"], **options)


@pytest.mark.slow
def test_h6_viewers_that_stop_reading(broker, tmp_path, row):
    """They are disconnected; meanwhile another viewer and the broker get their pictures."""
    with (
        Simulator(tmp_path / "camera", broker.uri, {"pubinterval": "1"}) as camera,
        Listener(broker.port, IMAGE) as client,
        watch(camera) as good,
    ):
        client.wait(IMAGE)
        good.head()
        with (
            watch(camera, receive_buffer=4_096) as deaf,
            watch(camera, receive_buffer=4_096) as slow,
        ):
            for viewer in (deaf, slow):
                viewer.head()
                viewer.part()
            started, since = time.monotonic(), len(client.messages)
            pictures = []
            while viewers_of(camera) > 1:
                pictures.append(check(good.part()[1]))
                slow.sock.recv(1)
            freed_s = time.monotonic() - started
            published = len(client.messages) - since
        assert pictures == sorted(set(pictures))
        assert len(pictures) > freed_s  # more than one picture per second
        for message in client.messages[since:]:
            check(message.payload)
        row.count(2)
        row.figure("disconnected after", freed_s, "s")
        row.figure("published", round(100 * published / freed_s), "%")
        assert freed_s < 16 and published >= 0.9 * (freed_s - 1)


def test_h7_viewers_that_vanish(cameras, row):
    """Viewers that reset the connection during a picture leave no slot or memory in use."""
    for camera in cameras:
        camera.command('camera {"framesize": "QVGA"}')  # the pictures that are kept are small
        vanish(camera, row, row.times(250, 10))
        assert "restarts 0," in camera.status("3") and "Traceback" not in camera.output
        camera.command('camera {"framesize": "UXGA"}')


def vanish(camera, row, times):
    with viewers(camera.facts["http"], MAX_VIEWERS):
        pass
    before = camera.heap_free()
    for number in range(times):
        with row.injection(number):
            viewer = watch(camera)
            viewer.head()
            viewer.sock.recv(1 + 997 * number % 40_000)
            viewer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            viewer.close()
    wait_until(lambda: viewers_of(camera) == 0, what="the end of all streams")
    wait_until(lambda: is_idle(camera), what="an idle camera")
    with viewers(camera.facts["http"], MAX_VIEWERS):
        pass
    # a slot that had the size of an earlier picture is freed some seconds after its last use
    wait_until(lambda: before - camera.heap_free() < KEPT_BYTES, what="memory", every_s=0.5)
    row.figure("heap lost", before - camera.heap_free(), "bytes")


def viewers_of(camera):
    return camera.get("/api/status").json()["viewers"]


def is_idle(camera):
    before = camera.control("frames")["captured"]
    time.sleep(0.5)  # long enough for another capture
    return camera.control("frames")["captured"] == before


def test_h8_ten_viewers(cameras, row):
    """Four are served; each of the others gets 503 with Retry-After at once."""
    camera = cameras[0]
    with viewers(camera.facts["http"], MAX_VIEWERS) as opened:
        row.count(len(opened))
        for number in range(6):
            with row.injection(number), watch(camera) as refused:
                with camera.stopwatch() as took:
                    first, head = refused.head()
                assert " 503 " in first and int(head["retry-after"]) > 0
                assert refused.rest()
                row.figure("refusal", took.s, "s")
                assert took.s < 1
        assert camera.get("/").status_code == 200
        check(camera.get("/jpg").content)
        for viewer in opened:
            numbers = [check(viewer.part()[1]) for _ in range(2)]
            assert numbers == sorted(set(numbers))


def test_h9_every_part_is_a_picture(cameras, row):
    """Two viewers of each driver decode every part while the size changes."""
    parts = row.times(250, 5)
    for camera in cameras:
        counts = []
        with viewers(camera.facts["http"], 2) as opened:
            threads = [
                threading.Thread(target=decode, args=(viewer, parts, counts)) for viewer in opened
            ]
            for thread in threads:
                thread.start()
            for size in itertools.cycle(SIZES):
                alive = [thread for thread in threads if thread.is_alive()]
                if not alive:
                    break
                camera.command(f'camera {{"framesize": "{size}"}}')
                alive[0].join(2)
        camera.command('camera {"framesize": "UXGA"}')
        row.count(2 * parts, sum(counts))


def decode(viewer, parts, counts):
    """Receive and decode parts; add the number of good ones to `counts`."""
    last = count = 0
    for _ in range(parts):
        fields, picture = viewer.part()  # fails unless the length is that of the part
        size = image_size(picture)
        assert fields["content-type"] == "image/jpeg" and size in SIZES.values()
        number = check(picture, size)
        assert number > last
        last, count = number, count + 1
    counts.append(count)


def image_size(picture):
    with Image.open(io.BytesIO(picture)) as image:
        return image.size
