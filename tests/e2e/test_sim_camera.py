"""Simulated camera: frame numbers, settings, faults and the age of pictures."""

import contextlib
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

DRIVER = """
global camera
import camera
camera.deinit()
camera.init(0, framesize=8, fb_location=0, fb_size=%d)
"""
AVAILABLE = "import world\nresult = world.quick(world.FRAME_AVAILABLE)"
DRIVER_CAPTURE = "result = camera.capture() or b''"


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """Board whose firmware has micropython-camera-driver."""
    with Probe(tmp_path_factory.mktemp("other"), "--driver", "driver") as board:
        yield board


def test_frame_number_can_be_read(probe):
    first = frame_number(probe.run(CAPTURE))
    second = frame_number(probe.run(CAPTURE))
    answer = probe.control("frames")
    assert second > first
    assert answer["last"] == second
    assert answer["captured"] == 4  # each start of the driver captures one


@pytest.mark.parametrize(
    ("setting", "value"),
    [("hmirror", 1), ("vflip", 1), ("special_effect", 1), ("brightness", -2), ("colorbar", 1)],
)
def test_settings_change_the_picture_but_not_its_number(probe, setting, value):
    from io import BytesIO

    from PIL import Image, ImageChops, ImageStat

    stale = "cam.capture()\n" * 2  # these may have been exposed before the change
    code = CAMERA + "%s" + stale + "result = bytes(cam.capture())\ncam.deinit()"
    pictures = []
    for line in ("", f"cam.{setting} = {value}\n"):
        jpeg = probe.run(code % line)
        assert frame_number(jpeg) > 0
        pictures.append(Image.open(BytesIO(jpeg)).convert("RGB").crop((0, 40, 640, 440)))
    assert sum(ImageStat.Stat(ImageChops.difference(*pictures)).mean) > 20


def test_scene_changes_on_request(probe):
    from io import BytesIO

    from PIL import Image, ImageStat

    small = CAMERA.replace("frame_size=10", "frame_size=6")
    probe.run(small + "global held\nheld = cam")
    capture = "held.capture()\n" * 2 + "result = bytes(held.capture())"

    def light():
        image = Image.open(BytesIO(probe.run(capture))).convert("L")
        return ImageStat.Stat(image.crop((0, 40, image.width, image.height - 30))).mean[0]

    usual = light()
    probe.control("scene", night=0.8)
    assert light() < usual / 2
    probe.run("machine.Pin(4, machine.Pin.OUT, value=1)")
    lit = light()
    probe.run("machine.Pin(4, machine.Pin.OUT, value=0)")
    assert lit > usual / 2
    probe.control("scene")
    assert abs(light() - usual) < 5


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
    for fault, matches in faults.items():
        probe.control("camera", fault=fault, count=1)
        assert matches(probe.run(capture)), fault
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


def test_fault_until_a_power_cycle(probe):
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
        time.sleep(0.5)  # the buffer is in use, so nothing can be exposed
        second = frame_number(probe.run(number + "\ncam.free_buffer()"))
        time.sleep(0.5)  # the picture in the buffer ages
        third = frame_number(probe.run(number))
        assert second - first > 10
        assert third - second <= 3


def test_latest_stops_while_a_buffer_is_held(tmp_path):
    code = """
import camera
global cam
cam = camera.Camera(pixel_format=4, frame_size=6, fb_count=2, grab_mode=1)
result = bytes(cam.capture())
"""
    next_one = """
import time
cam.free_buffer()
while not cam.frame_available():
    time.sleep_ms(1)
result = bytes(cam.capture())
"""
    with Probe(tmp_path, fast=False) as probe:
        first = frame_number(probe.run(code))
        time.sleep(0.5)  # 12 frames
        numbers = [frame_number(probe.run(next_one)) for _ in range(3)]
        assert first < numbers[0] <= first + 3  # in the other buffer ever since
        assert numbers[1] >= first + 12
        time.sleep(0.5)
        probe.run("cam.free_buffer()")
        time.sleep(0.5)  # nothing is held, so the pictures go on
        assert frame_number(probe.run("result = bytes(cam.capture())")) >= numbers[2] + 24


# The other driver


def test_other_driver_captures_no_picture_at_its_start(other):
    before = other.control("frames")["captured"]
    numbers = [frame_number(other.run(DRIVER % 1 + DRIVER_CAPTURE)) for _ in range(2)]
    assert numbers[0] < numbers[1]
    assert other.control("frames") == {"captured": before + 2, "last": numbers[1]}


def test_other_drivers_faults(other):
    other.run(DRIVER % 2)
    for fault, matches in {
        "none": lambda jpeg: jpeg == b"",
        "raise": lambda jpeg: jpeg == b"",  # this driver returns nothing instead
        "truncate": lambda jpeg: jpeg[:2] == b"\xff\xd8" and jpeg[-2:] != b"\xff\xd9",
        "big": lambda jpeg: len(jpeg) > 300_000 and frame_number(jpeg) > 0,
    }.items():
        other.control("camera", fault=fault, count=1)
        assert matches(other.run(DRIVER_CAPTURE)), fault
        assert frame_number(other.run(DRIVER_CAPTURE)) > 0, fault


def test_other_driver_loses_its_buffer_when_memory_is_full(other):
    fill = """
hold = []
try:
    while True:
        hold.append(bytearray(100_000))
except MemoryError:
    hold.pop()  # leave 100 KB, less than the picture needs
try:
    camera.capture()
except MemoryError:
    result = "full"
hold = None
"""
    other.run(DRIVER % 1)
    other.control("camera", fault="big", count=1)
    assert other.run(fill) == b"'full'"
    time.sleep(0.3)  # long enough for another picture
    assert other.run(AVAILABLE) == b"0"  # no buffer is left
    assert frame_number(other.run(DRIVER % 1 + DRIVER_CAPTURE)) > 0


def test_other_drivers_buffers_keep_their_size(other):
    other.run(DRIVER % 1 + "camera.framesize(13)\n")
    if other.run(AVAILABLE) == b"1":  # one from before the change
        other.run("camera.capture()")
    time.sleep(0.3)  # long enough for another picture
    assert other.run(AVAILABLE) == b"0"  # no picture fits
    assert frame_number(other.run(DRIVER % 1 + "camera.framesize(5)\n" + DRIVER_CAPTURE)) > 0


@pytest.mark.parametrize("driver", ["api", "driver"])
def test_no_sensor_on_the_bus(driver, other, tmp_path):
    with contextlib.ExitStack() as stack:
        board = other
        if driver == "api":
            board = stack.enter_context(Probe(tmp_path))
        board.control("camera", fault="absent")
        code = CAMERA if driver == "api" else DRIVER % 1
        error = "OSError(95, 'ESP_ERR_NOT_SUPPORTED')" if driver == "api" else "Camera Init Failed"
        bus = "i2c = machine.SoftI2C(scl=machine.Pin(27), sda=machine.Pin(26))\n"
        assert error in board.run(code).decode()
        assert board.run(bus + "result = i2c.scan()") == b"[]"
        board.power_cut()
        assert error in board.run(code).decode()
        board.control("camera", fault=None)
        assert board.run(code + "result = 'found'") == b"'found'"


def test_firmware_without_camera_module(tmp_path):
    with Probe(tmp_path, "--driver", "none") as board:
        assert board.run("import camera").startswith(b"ImportError")
