"""Bootloader: start the image that `otadata` selects unless it is corrupt or unconfirmed.

All images run the same firmware with different versions; a mark makes an image crash or hang.
"""

import sys

import pytest
from probe import Probe
from sim import ROOT, wait_until

sys.path.append(str(ROOT / "tools" / "sim"))
import appimage  # noqa: E402

OTADATA, SLOTS = 0xD000, {"ota_0": 0x10000, "ota_1": 0x1A0000}
NEW, PENDING, VALID, _, ABORTED = range(5)
CONFIRM = "import esp32\nesp32.Partition.mark_app_valid_cancel_rollback()"
SELECT = """
import esp32
part = esp32.Partition(esp32.Partition.RUNNING)
try:
    esp32.Partition('ota_1').set_boot()
    result = 'selected'
except OSError as e:
    result = e.args
"""


class Board(Probe):
    """Board with access to its flash from outside while it runs."""

    def burn(self, at, data):
        with open(self.state / "flash.bin", "r+b") as flash:
            flash.seek(at)
            flash.write(data)

    def image(self, label, version="v2.0.0", **more):
        self.burn(SLOTS[label], appimage.make(version, **more))

    def restart(self, do, **arguments):
        """Restart the board by a control request; return when it runs again."""
        boots = self.facts["boots"]
        self.control(do, **arguments)
        if do == "power_cut":
            self.control("power_on")
        self.wait_boot(boots + 1)

    def reset(self):
        self.restart("reset")

    def update(self, **image):
        """Write an image to ota_1 and select it for the next start."""
        self.image("ota_1", **image)
        assert self.run(SELECT) == b"'selected'"

    def slots(self):
        """Return the running slot, the next one and the states of the otadata entries."""
        flash = self.control("flash")
        states = [entry and entry["state"] for entry in flash["otadata"]]
        return flash["running"], flash["boot"], states

    def restore(self):
        """Restore the initial state: ota_0 runs, ota_1 is empty."""
        self.burn(OTADATA, b"\xff" * 0x2000)
        self.burn(SLOTS["ota_1"], b"\xff" * 0x1000)
        self.image("ota_0", "v1.0.0")
        self.reset()
        assert self.slots() == ("ota_0", "ota_0", [VALID, None])


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with Board(tmp_path_factory.mktemp("board")) as made:
        yield made


@pytest.fixture
def board(running):
    running.restore()
    return running


def test_first_flash(running):
    flash = running.control("flash")
    assert (flash["running"], flash["boot"]) == ("ota_0", "ota_0")
    assert flash["otadata"] == [{"seq": 1, "label": "", "state": VALID, "crc_ok": True}, None]
    file = (running.state / "flash.bin").read_bytes()
    image = appimage.verify(lambda at, size: file[0x10000 + at :][:size], 0x190000)
    assert image.project == "micropython" and image.version.startswith("v1.")


def test_confirmed_update_stays(board):
    board.update()
    assert board.slots() == ("ota_0", "ota_1", [VALID, NEW])
    board.reset()
    assert board.slots() == ("ota_1", "ota_1", [VALID, PENDING])
    board.run(CONFIRM)
    board.reset()
    board.restart("power_cut")
    assert board.slots() == ("ota_1", "ota_1", [VALID, VALID])


@pytest.mark.parametrize("how", ["reset", "power_cut", "watchdog"])
def test_unconfirmed_update_is_rolled_back(board, how):
    board.update()
    board.reset()
    if how == "watchdog":
        boots = board.facts["boots"]
        board.run("machine.WDT(timeout=200)")
        board.wait_boot(boots + 1)
        assert board.value("machine.reset_cause()") == 3
    else:
        board.restart(how)
    assert board.slots() == ("ota_0", "ota_0", [VALID, ABORTED])


def test_soft_reset_skips_the_bootloader(board):
    board.update()
    board.reset()
    boots = board.facts["boots"]
    board.send("machine.soft_reset()")
    board.wait_boot(boots + 1)
    assert board.slots() == ("ota_1", "ota_1", [VALID, PENDING])


@pytest.mark.parametrize(("behaviour", "cause"), [("crash", 2), ("hang", 3)])
def test_crashing_image_is_rolled_back(board, behaviour, cause):
    board.update(behaviour=behaviour)
    boots = board.facts["boots"]
    board.control("reset")
    board.wait_boot(boots + 2)
    assert board.slots() == ("ota_0", "ota_0", [VALID, ABORTED])
    assert board.value("machine.reset_cause()") == cause


def test_corrupt_image_is_neither_selected_nor_started(board):
    board.image("ota_1")
    board.burn(SLOTS["ota_1"] + 700, b"\0\1\2")
    assert board.run(SELECT) == b"(-5379, 'ESP_ERR_OTA_VALIDATE_FAILED')"
    board.update()
    board.burn(SLOTS["ota_1"] + 700, b"\0\1\2")
    board.reset()
    assert board.slots()[0] == "ota_0"
    assert "E boot: ota_1: checksum failed" in board.output


def test_corrupt_running_image_falls_back(board):
    board.update()
    board.reset()
    board.run(CONFIRM)
    board.burn(SLOTS["ota_1"], b"\0" * 64)
    board.reset()
    assert board.slots()[0] == "ota_0"


def test_invalid_otadata_starts_ota_0(board):
    board.update()
    board.burn(OTADATA, b"\x5a" * 32)
    board.burn(OTADATA + 0x1000, b"\xa5" * 32)
    board.reset()
    assert board.slots() == ("ota_0", "ota_0", [VALID, 0xA5A5A5A5])


def test_no_bootable_image(board):
    board.burn(SLOTS["ota_0"], b"\xff" * 0x1000)
    boots = board.facts["boots"]
    board.control("reset")
    wait_until(lambda: "No bootable app partitions" in board.output, 5)
    assert board.control("flash")["running"] is None
    board.image("ota_1", "v3.0.0")
    board.wait_boot(boots + 1)
    assert board.slots()[0] == "ota_1"


def test_two_power_cuts_during_rollback(board):
    """The cuts happen while the bootloader writes otadata."""
    board.update()
    board.reset()
    boots = board.facts["boots"]
    for do, mode in (("reset", "before"), ("power_on", "torn")):
        done = board.control("flash")["operations"]
        board.control("power_cut", after_ops=1, mode=mode)
        board.control(do)
        wait_until(lambda done=done: board.control("flash")["operations"] == done + 1, 5)
    assert board.facts["boots"] == boots
    board.control("power_on")
    board.wait_boot(boots + 1)
    assert board.slots()[:2] == ("ota_0", "ota_0")


def test_confirm_overrides_a_selected_slot(board):
    board.update()
    board.reset()
    board.run("import esp32\nesp32.Partition('ota_0').set_boot()")
    assert board.slots()[1] == "ota_0"
    assert board.run("from hal import otadata\nresult = otadata.confirm(), otadata.confirm()") == (
        b"(True, False)"
    )
    assert board.slots()[:2] == ("ota_1", "ota_1")
    board.reset()
    board.reset()
    assert board.slots()[:2] == ("ota_1", "ota_1")


def test_version_of_the_failed_slot(board):
    board.update(version="v2.3.4")
    board.reset()
    board.reset()
    found = board.run("from hal import otadata\nresult = otadata.failed().description()")
    assert found == b"('micropython', 'v2.3.4')"


def test_erase_and_write_durations(tmp_path):
    code = """
import esp32, time
part = esp32.Partition('ota_1')
at = time.ticks_ms()
part.writeblocks(0, bytes(8192))
result = time.ticks_diff(time.ticks_ms(), at)
"""
    with Probe(tmp_path, fast=False) as slow:
        assert 105 <= int(slow.run(code)) < 400
