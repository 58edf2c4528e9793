"""The simulated camera as a test in the laboratory sees it: numbers, settings, faults, age."""

import sys
import time

import pytest
from probe import Probe
from sim import ROOT

sys.path.append(str(ROOT / "tools" / "sim"))
from scene_reader import frame_number  # noqa: E402

CAMERA = """
import camera
cam = camera.Camera(pixel_format=4, frame_size=10, fb_count=2, grab_mode=1)
"""
CAPTURE = CAMERA + "result = bytes(cam.capture() or b'')\ncam.deinit()"


def test_frame_number_can_be_read(probe):
    first = frame_number(probe.run(CAPTURE))
    second = frame_number(probe.run(CAPTURE))
    answer = probe.control("frames")
    assert second > first
    assert answer["last"] == second
    assert answer["captured"] == 4  # each start of the driver takes one


@pytest.mark.parametrize(
    ("setting", "value"),
    [("hmirror", 1), ("vflip", 1), ("special_effect", 1), ("brightness", -2), ("colorbar", 1)],
)
def test_settings_show_but_not_in_the_number(probe, setting, value):
    from io import BytesIO

    from PIL import Image, ImageChops, ImageStat

    code = CAMERA + "%scam.capture()\nresult = bytes(cam.capture())\ncam.deinit()"
    pictures = []
    for line in ("", f"cam.{setting} = {value}\n"):
        jpeg = probe.run(code % line)
        assert frame_number(jpeg) > 0
        pictures.append(Image.open(BytesIO(jpeg)).convert("RGB").crop((0, 40, 640, 440)))
    assert sum(ImageStat.Stat(ImageChops.difference(*pictures)).mean) > 20


def test_faults(probe):
    code = CAMERA + "global held\nheld = cam"
    probe.run(code)
    capture = "result = bytes(held.capture() or b'')"
    good = probe.run(capture)
    faults = {
        "none": lambda jpeg: jpeg == b"",
        "truncate": lambda jpeg: jpeg[:2] == b"\xff\xd8" and jpeg[-2:] != b"\xff\xd9",
        "no_soi": lambda jpeg: jpeg[:2] != b"\xff\xd8" and jpeg[-2:] == b"\xff\xd9",
        "padding": lambda jpeg: jpeg.rstrip(b"\0")[-2:] == b"\xff\xd9" and jpeg[-1:] == b"\0",
        "big": lambda jpeg: len(jpeg) > 300_000 and frame_number(jpeg) > 0,
        "raise": lambda answer: answer.startswith(b"OSError"),
    }
    for fault, shows in faults.items():
        probe.control("camera", fault=fault, count=1)
        assert shows(probe.run(capture)), fault
        assert frame_number(probe.run(capture)) > frame_number(good), fault
    probe.control("camera", fault="stall")
    assert probe.value("held.frame_available()") is False
    probe.control("camera", fault=None)
    assert frame_number(probe.run(capture)) > 0


def test_picture_too_big_for_the_heap_is_none(tmp_path):
    with Probe(tmp_path, "--heap", "400K") as probe:
        probe.run(CAMERA + "global held\nheld = cam")
        capture = "result = bytes(held.capture() or b'')"
        probe.control("camera", fault="big", count=1)
        assert probe.run(capture) == b""
        assert frame_number(probe.run(capture)) > 0


def test_fault_until_the_power_was_off(probe):
    probe.control("camera", fault="none", until="power_cycle")
    assert b"Failed to capture initial frame" in probe.run(CAPTURE)
    probe.run("machine.Pin(32, machine.Pin.OUT, value=1)")
    assert b"OSError(95" in probe.run(CAPTURE)
    probe.run("machine.Pin(32, machine.Pin.OUT, value=0)")
    assert frame_number(probe.run(CAPTURE)) > 0


def test_when_empty_keeps_an_old_picture(tmp_path):
    code = (
        "import camera\nglobal cam\ncam = camera.Camera(pixel_format=4, frame_size=6, fb_count=1)"
    )
    with Probe(tmp_path, fast=False) as probe:
        probe.run(code)
        number = "result = bytes(cam.capture())"
        first = frame_number(probe.run(number))
        time.sleep(0.5)  # the buffer was not given back: nothing can be exposed
        second = frame_number(probe.run(number))
        probe.run("cam.free_buffer()")
        time.sleep(0.5)  # a picture waits in the buffer and grows old
        third = frame_number(probe.run(number))
        assert second - first > 10
        assert third - second <= 3
