"""Videos that the tools make with the real ffmpeg."""

import json
import subprocess
import sys

from sim import ROOT, TOPIC

QVGA = [320, 240]


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


def test_time_lapse(program, camera, broker, tmp_path):
    """Pictures with metadata, collected in two runs; then a video of all, and of none."""
    program("ffmpeg")
    folder, video = tmp_path / "porch", tmp_path / "day.mp4"
    options = ["--broker", broker.uri, "--topic", TOPIC]
    camera.command("meta on")
    camera.command("pubinterval 1")
    for _ in range(2):
        done = run("timelapse.py", "collect", folder, *options, "--count", "3")
        assert done.returncode == 0, done.stderr
    camera.command("pubinterval 0")
    camera.command('camera {"framesize": "96x96"}')  # fits into the video as well
    camera.command("capture")
    done = run("timelapse.py", "collect", folder, *options, "--count", "1")
    assert done.returncode == 0, done.stderr
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 7 and all(name.endswith("Z.jpg") for name in names)
    done = run("timelapse.py", "video", folder, video, "--fps", "5", "--rotate", "90")
    assert done.returncode == 0 and "7 pictures, 1.4 s" in done.stderr, done.stderr
    assert facts(video) == (QVGA[::-1], 7, 1.4)
    assert "--force" in run("timelapse.py", "video", folder, video).stderr
    (folder / names[2]).write_bytes(b"damaged")
    done = run("timelapse.py", "video", folder, video, "--force")
    assert done.returncode == 0 and f"damaged, such as {names[2]}" in " ".join(done.stderr.split())
    assert facts(video)[:2] == (QVGA, 6)
