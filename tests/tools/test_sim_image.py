"""Simulated application images, which esptool accepts as valid."""

import subprocess
import sys

import appimage
import pytest
from esp_idf_defs import ImageMetadata

SLOT = 0x190000


def check(data, size=SLOT):
    return appimage.verify(lambda at, length: data[at : at + length].ljust(length, b"\xff"), size)


def esptool(data, folder):
    file = folder / "image.bin"
    file.write_bytes(data)
    line = [sys.executable, "-m", "esptool", "--chip", "esp32", "image-info", str(file)]
    return subprocess.run(line, capture_output=True, text=True, timeout=30)


def test_esptool_accepts_it(tmp_path):
    done = esptool(appimage.make("v9.8.7", "other", size=5_000), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Checksum" in done.stdout and done.stdout.count("(valid)") == 2
    assert "Project name: other" in done.stdout and "App version: v9.8.7" in done.stdout


def test_metadata():
    made = appimage.make("v1.2.3", size=100_000, behaviour="crash")
    assert check(made) == (len(made), "micropython", "v1.2.3", "crash")
    assert abs(len(made) - 100_000) < 1_000
    metadata = ImageMetadata.from_bytes(made, app_required=True)
    assert (metadata.app_description.project_name, metadata.app_description.version) == (
        "micropython",
        "v1.2.3",
    )
    assert metadata.header.chip_id == 0 and len(metadata.segments) == 3
    assert appimage.make("v1.2.3") == appimage.make("v1.2.3") != appimage.make("v1.2.4")


def test_every_byte_counts():
    """A changed byte is refused, except in header fields that only esptool reads."""
    good = appimage.make("v1.0.0", size=appimage.LEAST)
    for at in range(len(good)):
        with pytest.raises(appimage.ImageError):
            check(good[:at] + bytes([good[at] ^ 0x10]) + good[at + 1 :])


def test_truncated_at_every_byte():
    good = appimage.make("v1.0.0", size=appimage.LEAST)
    for length in range(0, len(good)):
        if set(good[length:]) != {0xFF}:
            with pytest.raises(appimage.ImageError):
                check(good[:length])


@pytest.mark.parametrize(
    ("made", "size", "why"),
    [
        (appimage.make("v1", chip=9), SLOT, "chip 9"),
        (appimage.make("v1", size=8_192), 4_096, "damaged"),
        (b"\xe9" + b"\x03" * 5_000, SLOT, "chip"),
        (b"", SLOT, "magic"),
    ],
)
def test_refused(made, size, why):
    with pytest.raises(appimage.ImageError, match=why):
        check(made, size)


def test_created_on_the_command_line(tmp_path, repo):
    tool = repo / "tools" / "sim" / "appimage.py"
    line = [sys.executable, str(tool), str(tmp_path / "x"), "--version", "v3", "--size", "4096"]
    subprocess.run([*line, "--behaviour", "hang"], check=True, timeout=10)
    assert check((tmp_path / "x").read_bytes())[2:] == ("v3", "hang")
