"""Exif data of pictures, read and validated by exiftool."""

import json
import subprocess
from datetime import datetime, timedelta, timezone

import httpx
import pytest
from sim import Simulator, wait_until

NO_BROKER = "mqtt://127.0.0.1:1"


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    settings = {"exif": "on", "rotate": "90"}
    with Simulator(tmp_path_factory.mktemp("camera"), NO_BROKER, settings) as made:
        made.wait_status("camera ready")
        yield made


def test_exiftool(program, camera, tmp_path):
    """It reads the orientation and the time, and misses only tags that the camera leaves out."""
    file = tmp_path / "picture.jpg"

    def found():
        """Return the time once the camera knows it."""
        file.write_bytes(httpx.get(camera.url + "/capture", trust_env=False).content)
        tags = run(program, "-json", "-n", "-Orientation", "-SubSecDateTimeOriginal", file)
        tags = json.loads(tags)[0]
        assert tags["Orientation"] == 6
        return tags.get("SubSecDateTimeOriginal")

    taken = datetime.strptime(wait_until(found), "%Y:%m:%d %H:%M:%S.%f%z")
    assert abs(datetime.now(timezone.utc) - taken) < timedelta(seconds=10)
    warnings = run(program, "-validate", "-warning", "-error", "-a", "-s3", file).splitlines()[1:]
    assert not [line for line in warnings if not line.startswith("Missing required JPEG ")]


def run(program, *args):
    line = [program("exiftool"), *args]
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout
