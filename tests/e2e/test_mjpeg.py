"""MJPEG stream: its parts, several viewers, and a camera that fails meanwhile."""

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from pictures import Viewer, check, viewers
from sim import Simulator, wait_until
from viewer import Viewer as Watcher

NO_BROKER = "mqtt://127.0.0.1:1"
MAX_VIEWERS = 4
SIZES = {"UXGA": (1600, 1200), "13": (1600, 1200), "qvga": (320, 240)}


@pytest.fixture(scope="module", params=["api", "driver"])
def camera(request, tmp_path_factory):
    folder, args = tmp_path_factory.mktemp("camera"), ["--driver", request.param]
    with Simulator(folder, NO_BROKER, {"pubinterval": "0"}, args) as made:
        made.wait_status("camera ready")
        yield made


def watch(camera, **options):
    return Viewer(camera.facts["http"], **options)


@pytest.mark.parametrize("path", ["/mjpg", "/stream"])
def test_parts(camera, path):
    wait_until(lambda: "date" in camera.get("/api/status").headers, what="the clock is set")
    with watch(camera, path=path) as viewer:
        first, head = viewer.head()
        assert " 200 " in first
        assert head["content-type"] == "multipart/x-mixed-replace; boundary=frame"
        numbers, times = [], []
        for _ in range(4):
            fields, picture = viewer.part()
            assert fields["content-type"] == "image/jpeg"
            numbers.append(check(picture))
            times.append(float(fields["x-timestamp"]))
        assert numbers == sorted(set(numbers))
        assert times == sorted(set(times))
        assert abs(times[-1] - time.time()) < 30  # a busy PC decodes late


def test_viewers_receive_pictures_concurrently(camera):
    """No viewer waits for another, so all four receive pictures in the same period."""
    seen = [[] for _ in range(MAX_VIEWERS)]

    def receive(viewer, numbers):
        while min(map(len, seen)) < 8:  # until the slowest thread has that many
            numbers.append(check(viewer.part()[1]))

    with viewers(camera.facts["http"], MAX_VIEWERS) as opened:
        threads = [threading.Thread(target=receive, args=pair) for pair in zip(opened, seen)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert all(numbers == sorted(set(numbers)) and len(numbers) >= 8 for numbers in seen)
    assert max(numbers[0] for numbers in seen) < min(numbers[-1] for numbers in seen)


def test_pictures_of_another_size(camera):
    """`/capture?size=` interrupts a stream, but all of its parts keep their size."""
    camera.command('camera {"framesize": "VGA"}')
    try:
        with viewers(camera.facts["http"], 1) as (viewer,):
            last = 0
            for size in ("UXGA", "qvga", "13"):
                large = camera.get(f"/capture?size={size}")
                number = check(large.content, SIZES[size])
                while last < number:  # the stream goes on after the picture
                    shown = check(viewer.part()[1], (640, 480))
                    assert shown > last
                    last = shown
        assert '"framesize": 8' in camera.command("camera")
        check(camera.get("/capture").content, (640, 480))
    finally:
        camera.command('camera {"framesize": "UXGA"}')


def test_pictures_of_another_size_leave_the_stream_its_turns(camera):
    """However many clients want pictures of another size, a viewer gets every other turn."""
    done = threading.Event()

    def photograph():
        while not done.is_set():
            check(camera.get("/capture?size=QVGA").content, (320, 240))

    with viewers(camera.facts["http"], 1) as (viewer,), ThreadPoolExecutor() as pool:
        clients = [pool.submit(photograph) for _ in range(2)]
        numbers = [check(viewer.part()[1]) for _ in range(5)]
        done.set()
        for each in clients:
            each.result()
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("size", ["", "huge", "14", "-1", "640x480"])
def test_unknown_size(camera, size):
    answer = camera.get(f"/capture?size={size}")
    assert answer.status_code == 400
    assert "size must be one of 96X96, QQVGA," in answer.text


def test_no_capture_without_viewers(camera):
    with viewers(camera.facts["http"], MAX_VIEWERS):
        pass

    def idle():
        before = camera.control("frames")["captured"]
        time.sleep(0.5)  # long enough for another capture
        return camera.control("frames")["captured"] == before

    wait_until(idle, 10, "an idle camera")


def test_camera_fails_meanwhile(tmp_path):
    """Viewers stay connected and receive pictures again once the camera has recovered."""
    with (
        Simulator(tmp_path, NO_BROKER) as camera,
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
