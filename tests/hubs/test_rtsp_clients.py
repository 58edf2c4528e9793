"""RTSP with real clients: ffmpeg, GStreamer and OpenCV. (Debian's VLC is built without RTSP.)"""

import subprocess

import pytest
from pictures import check
from sim import Simulator

NO_BROKER = "mqtt://127.0.0.1:1"
WORD = "open Sesame"
VGA = (640, 480)


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    settings = {"adminpass": WORD, "rtsp": "on"}
    with Simulator(tmp_path_factory.mktemp("camera"), NO_BROKER, settings) as made:
        made.wait_status("camera ready")
        made.command('camera {"framesize": "VGA"}')
        yield made


def address(camera, login="any:open%20Sesame@"):
    return f"rtsp://{login}127.0.0.1:{camera.facts['rtsp']}/mjpg"


@pytest.mark.parametrize("transport", [(), ("-rtsp_transport", "tcp")])
def test_ffmpeg(program, camera, tmp_path, transport):
    """It tries UDP first, and continues with TCP after 461."""
    line = [program("ffmpeg"), "-v", "error", *transport, "-i", address(camera)]
    line += ["-c:v", "copy", "-frames:v", "5", "-f", "image2", str(tmp_path / "%d.jpg")]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    numbers = [check(file.read_bytes(), VGA) for file in sorted(tmp_path.glob("*.jpg"))]
    assert len(numbers) == 5 and numbers == sorted(set(numbers))


def test_ffmpeg_shows_why_it_is_refused(program, camera):
    line = [program("ffmpeg"), "-v", "error", "-i", address(camera, ""), "-f", "null", "-"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60)
    assert done.returncode and "401" in done.stderr


@pytest.mark.parametrize("transport", [(), ("protocols=tcp",)])
def test_gstreamer(program, camera, tmp_path, transport):
    """It tries UDP first, and continues with TCP after 461."""
    line = [program("gst-launch-1.0"), "-q", "rtspsrc", f"location={address(camera)}", *transport]
    line += "! rtpjpegdepay ! identity eos-after=5 ! multifilesink".split()
    line += [f"location={tmp_path}/%d.jpg"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    numbers = [check(file.read_bytes(), VGA) for file in sorted(tmp_path.glob("*.jpg"))]
    assert len(numbers) >= 4 and numbers == sorted(set(numbers))


def test_opencv(program, camera, tmp_path):
    script = tmp_path / "read.py"
    script.write_text(
        "import cv2, sys\n"
        "stream = cv2.VideoCapture(sys.argv[1], cv2.CAP_FFMPEG)\n"
        "pictures = [stream.read() for _ in range(3)]\n"
        "assert all(found and picture.shape == (480, 640, 3) for found, picture in pictures)\n"
    )
    line = [program("opencv"), script, address(camera)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
