"""Videos that the tools make with the real ffmpeg."""

import json
import subprocess
import sys

import pytest
from sim import ROOT, Simulator

QVGA = [320, 240]


@pytest.fixture(scope="module")
def camera(broker, tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("camera"), broker.uri, {"pubinterval": "0"}) as made:
        made.wait_status("camera ready")
        made.command('camera {"framesize": "QVGA"}')
        made.wait_status("mqtt connected")
        yield made


def run(tool, *options):
    line = [sys.executable, ROOT / "tools" / tool, *map(str, options)]
    return subprocess.run(line, capture_output=True, text=True, timeout=60)


def facts(video):
    """Return (size, pictures, seconds) of a video, as ffprobe finds them."""
    line = "ffprobe -v error -count_frames -show_entries".split()
    line += ["stream=width,height,nb_read_frames:format=duration", "-of", "json", video]
    found = json.loads(subprocess.run(line, capture_output=True, check=True).stdout)
    (stream,) = found["streams"]
    pictures, seconds = int(stream["nb_read_frames"]), float(found["format"]["duration"])
    return [stream["width"], stream["height"]], pictures, seconds


def test_live_view_is_recorded(program, camera, broker, tmp_path):
    """Each picture is in the video, which lasts as long as the recording."""
    program("ffmpeg")
    video = tmp_path / "porch.mp4"
    options = ["--broker", broker.uri, "--device", camera.facts["device_id"], "--port", "0"]
    options += ["--record", video, "--seconds", "6", "--fps", "10"]
    done = run("live.py", *options)
    assert done.returncode == 0, done.stderr
    assert "pictures" in done.stderr
    size, pictures, seconds = facts(video)
    assert size == QVGA and 30 <= pictures <= 70 and 4 <= seconds <= 7
    assert camera.command("live") == "0"
    assert [each.name for each in tmp_path.iterdir()] == ["porch.mp4"]
    assert run("live.py", *options).returncode == 1
