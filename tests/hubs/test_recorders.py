"""The recipes for recorders and players, with the real programs."""

import json
import os
import re
import subprocess

import pytest
from pictures import check
from recipes import running, written
from sim import Simulator, wait_until

VGA = (640, 480)
NOBODY = 65534


@pytest.fixture(scope="module")
def camera(broker, tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("camera"), broker.uri, {"pubinterval": "1"}) as made:
        made.wait_status("camera ready")
        made.command('camera {"framesize": "VGA", "save_to_nvs": 1}')
        wait_until(lambda: json.loads(made.command("camera"))["framesize"] == 8, what="VGA")
        yield made


def streams(program, path):
    """Return [(codec, width, pictures), ...] of a video file; it may be incomplete."""
    line = [program("ffprobe"), "-v", "error", "-count_frames", "-of", "json"]
    entries = ["-show_entries", "stream=codec_name,width,nb_read_frames"]
    found = json.loads(subprocess.run([*line, *entries, path], stdout=subprocess.PIPE).stdout)
    rows = found.get("streams", ())
    return [(row["codec_name"], row["width"], int(row["nb_read_frames"])) for row in rows]


def test_timelapse(program, camera, tmp_path):
    program("ffmpeg")
    script = written("timelapse.sh", camera, tmp_path)
    settings = {**os.environ, "INTERVAL_S": "0.1", "COUNT": "5"}
    with running("sh", script, "day.mp4", folder=tmp_path, env=settings) as process:
        assert process.wait(60) == 0, (tmp_path / "output").read_text()
    assert streams(program, tmp_path / "day.mp4") == [("h264", VGA[0], 5)]


def test_recording_goes_on_after_a_restart_of_the_camera(program, camera, tmp_path):
    program("ffmpeg")
    script = written("record.sh", camera, tmp_path)
    settings = {**os.environ, "SEGMENT_S": "1"}

    def files():
        return sorted(tmp_path.glob("*.mkv"))

    with running("sh", script, ".", folder=tmp_path, env=settings):
        wait_until(lambda: len(files()) > 2, what="a second file", every_s=0.1)
        first = files()[0]
        camera.power_cut()
        before = len(files())
        wait_until(lambda: len(files()) > before + 1, 40, "files after the restart", 0.1)
    ((codec, width, pictures),) = streams(program, first)
    assert (codec, width) == ("mjpeg", VGA[0]) and pictures > 1


def test_vlc_plays_the_stream(program, camera, tmp_path):
    """VLC refuses to run as root, so it may be another user who writes to a pipe."""
    line = [program("cvlc"), "--quiet", camera.url + "/mjpg", "--sout"]
    line.append("#std{access=file,mux=mpjpeg,dst=-}")
    user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    settings = {**os.environ, "HOME": "/nonexistent"}
    with running(*line, folder=tmp_path, env=settings, **user):
        output = tmp_path / "output"
        wait_until(lambda: output.stat().st_size > 300_000, 40, "pictures", 0.1)
    found = re.search(rb"\xff\xd8.*?\xff\xd9(?=\r\n)", output.read_bytes(), re.DOTALL)
    check(found[0], VGA)


def test_motion_saves_what_moves(program, camera, tmp_path):
    configuration = written("motion.conf", camera, tmp_path)
    with running(program("motion"), "-n", "-c", configuration, folder=tmp_path):
        output = tmp_path / "output"
        wait_until(lambda: "connected" in output.read_text(), 40, "the connection", 0.1)
        saved = _saved_after_a_change(camera, tmp_path / "pictures")
    check(saved[0].read_bytes(), VGA)


def test_opencv_saves_what_moves(program, camera, tmp_path):
    script = written("opencv_motion.py", camera, tmp_path)
    folder = tmp_path / "pictures"
    url = camera.url + "/mjpg?fps=2"
    with running(program("opencv"), script, url, folder, folder=tmp_path):
        output = tmp_path / "output"
        wait_until(lambda: "watching" in output.read_text(), 40, output.read_text(), 0.1)
        saved = _saved_after_a_change(camera, folder)
    check(saved[0].read_bytes(), VGA)


def _saved_after_a_change(camera, folder):
    """Make the picture a negative and back until that is noticed; return the saved pictures."""
    effects = iter(range(1, 1_000))

    def saved():
        camera.command('camera {"special_effect": %d}' % (next(effects) % 2))
        return sorted(folder.glob("*.jpg"))

    try:
        # motion takes what changes at each of its pictures for noise
        return wait_until(saved, 60, "a saved picture", every_s=4.0)
    finally:
        camera.command('camera {"special_effect": 0}')
