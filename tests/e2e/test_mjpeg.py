"""MJPEG stream: its parts, several viewers, and a camera that fails meanwhile."""

import contextlib
import threading
import time

import pytest
from pictures import Viewer, check
from sim import Simulator, wait_until
from viewer import Viewer as Watcher

NO_BROKER = "mqtt://127.0.0.1:1"
MAX_VIEWERS = 4


@pytest.fixture(scope="module", params=["api", "driver"])
def camera(request, tmp_path_factory):
    folder, args = tmp_path_factory.mktemp("camera"), ["--driver", request.param]
    with Simulator(folder, NO_BROKER, {"pubinterval": "0"}, args) as made:
        yield made


def watch(camera, **options):
    return Viewer(camera.facts["http"], **options)


def open_four(camera):
    """Return four viewers that have each received a picture."""
    viewers = []

    def joined():
        """Add a viewer if a slot is free."""
        viewer = watch(camera)
        if " 200 " in viewer.head()[0]:
            check(viewer.part()[1])
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


def test_no_capture_without_viewers(camera):
    close(open_four(camera))

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
