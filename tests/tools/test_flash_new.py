"""tools/flash.py: checks before a board is changed, and the commands that follow."""

import flash
import pytest
import wholeimage
from firmware import product
from images import image, whole
from wholeimage import BadFirmware

FACTORY = "nvs,data,nvs,0x9000,0x6000\nphy_init,data,phy,0xf000,0x1000\n"
FACTORY += "factory,app,factory,0x10000,0x1f0000\nvfs,data,fat,0x200000,0x200000\n"
ESP32 = "Chip type:          ESP32-D0WD-V3 (revision v3.1)\nDetected flash size: 4MB\n"


def test_micropython_with_two_slots():
    found = wholeimage.read(whole())
    assert (found.offset, found.project, found.version) == (0x1000, "micropython", "1.25.0")
    assert (found.slots, found.nvs, found.end) == (2, (0x9000, 0x4000), 0x400000)


def test_layout_without_slots_in_a_file_of_the_whole_flash():
    found = wholeimage.read(whole(csv=FACTORY, offset=0))
    assert (found.offset, found.slots, found.nvs) == (0, 0, (0x9000, 0x6000))


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "not whole firmware"),
        (b"<html>" * 10_000, "not whole firmware"),
        (image("1.25.0"), "only an application .micropython 1.25.0."),
        (image("", ""), "only an application .an image without a name."),
        (whole(chip=9), "another chip"),
        (whole()[:100], "cut off"),
        (whole()[:0x7000], "no partition table"),
        (whole()[:0x7040] + b"\0" * 9 + whole()[0x7049:], "partition table"),
        (whole()[:0xF000], "its application at 0x10000"),
        (whole(image(chip="esp32s3")), "its application at 0x10000: for another chip"),
        (whole(image(size=0x190000 + 16)), "longer than its application partition"),
    ],
)
def test_refused(data, complaint):
    with pytest.raises(BadFirmware, match=complaint):
        wholeimage.read(data)


class Tool:
    """Stands in for esptool; records the commands."""

    def __init__(self, printed=ESP32):
        self.printed = printed
        self.runs = []

    def __call__(self, port, baud, *arguments, show=True):
        self.runs.append(arguments)
        return "" if show else self.printed


@pytest.fixture
def firmware(tmp_path):
    path = tmp_path / "firmware.bin"
    path.write_bytes(whole())
    return path


@pytest.fixture
def nvs(tmp_path):
    path = tmp_path / "nvs.bin"
    path.write_bytes(b"\xfe\xff\xff\xff".ljust(0x4000, b"\xff"))
    return path


def test_checks_then_writes(firmware, nvs):
    tool, printed = Tool(), []
    flash.flash("COM3", firmware, nvs, erase=True, run=tool, say=printed.append)
    assert tool.runs == [
        ("flash-id",),
        ("erase-flash",),
        ("write-flash", "0x1000", str(firmware)),
        ("write-flash", "0x9000", str(nvs)),
    ]
    assert printed[1].startswith("ESP32-D0WD-V3") and printed[1].endswith("4 MB of flash")
    assert printed[-1].endswith("make deploy PORT=COM3")


def test_next_step(tmp_path):
    """Images of the product contain the application; MicroPython's own have no name."""
    facts, path = product(), tmp_path / "firmware.bin"
    for app, name, deploys in (
        (image("", ""), "an image without a name", True),
        (image(facts["VERSION"], facts["NAME"]), f"{facts['NAME']} {facts['VERSION']}", False),
    ):
        path.write_bytes(whole(app))
        printed = []
        flash.flash("COM3", path, None, run=Tool(), say=printed.append)
        assert printed[0].startswith(f"firmware.bin: {name}, ")
        assert ("make deploy" in printed[-1]) is deploys


def test_only_settings(nvs):
    tool = Tool()
    flash.flash("COM3", None, nvs, run=tool, say=str)
    assert tool.runs == [("flash-id",), ("write-flash", "0x9000", str(nvs))]


def test_nothing_is_written_after_a_failed_check(firmware, nvs):
    tool = Tool(ESP32.replace("4MB", "2MB"))
    with pytest.raises(flash.FlashError, match="has 2 MB of flash; the firmware needs 4 MB"):
        flash.flash("COM3", firmware, None, run=tool, say=str)
    firmware.write_bytes(whole(csv=FACTORY))
    with pytest.raises(flash.FlashError, match="another size: 0x6000"):
        flash.flash("COM3", firmware, nvs, run=tool, say=str)
    nvs.write_bytes(b"anything")
    with pytest.raises(flash.FlashError, match="not an image of the settings"):
        flash.flash("COM3", None, nvs, run=tool, say=str)
    assert tool.runs == [("flash-id",)]


def test_no_board(firmware, capsys):
    """Runs the real esptool without a board."""
    assert flash.main(["/dev/nothing", str(firmware)]) == 1
    printed = capsys.readouterr()
    assert "micropython 1.25.0" in printed.out
    assert "/dev/nothing" in printed.err and "Connect IO0 to GND" in printed.err


def test_wrong_arguments(capsys):
    with pytest.raises(SystemExit, match="2"):
        flash.parse(["COM3"])


def test_missing_file_is_named_with_how_to_get_one(tmp_path, capsys):
    assert flash.main(["/dev/no-board", str(tmp_path / "firmware.bin")]) == 1
    told = capsys.readouterr().err
    assert "firmware.bin. `make firmware` builds one" in told
