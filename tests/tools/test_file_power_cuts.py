"""Power cuts at the flash operations of a factory reset: no file is left in flash."""

import contextlib
import itertools
import sys
import types

import partitions
import pytest
from errors import PowerFailure
from flashed import MODES
from flashsettings import board_with, patched
from inprocess import ROOT

from app.settings.schema import KEY, find

BOOT = compile((ROOT / "boot.py").read_text(), "boot.py", "exec")
ROW = find("mqttca")
OLD, NEW = ("canary-%s\n" % word * 40 for word in ("old", "new"))
SMALL = """
nvs,      data, nvs,   0x9000,   0x4000
otadata,  data, ota,   0xd000,   0x2000
ota_0,    app,  ota_0, 0x10000,  0x180000
ota_1,    app,  ota_1, 0x190000, 0x180000
vfs,      data, fat,   0x310000, 0xC000
"""  # 12 blocks of files: a reset fills all that are free


class Restart(Exception):
    """The chip restarts."""


@pytest.fixture
def files(monkeypatch):
    return patched(monkeypatch)


def boot(files):
    """Run boot.py, which raises Restart once it has finished a factory reset."""

    def restart():
        raise Restart

    causes = "PWRON_RESET HARD_RESET WDT_RESET DEEPSLEEP_RESET SOFT_RESET".split()
    machine = types.SimpleNamespace(**{name: n for n, name in enumerate(causes, 1)})
    machine.reset, machine.reset_cause = restart, lambda: machine.HARD_RESET
    path, modules = list(sys.path), dict(sys.modules)
    sys.modules.update(os=files, machine=machine)
    try:
        exec(BOOT, {"__name__": "boot", "open": files.open})
    finally:
        sys.path[:] = path
        sys.modules.update(modules)


@pytest.mark.parametrize("mode", MODES)
def test_reset_leaves_no_file_in_flash(files, monkeypatch, tmp_path, mode):
    (tmp_path / "small.csv").write_text(SMALL)
    monkeypatch.setattr(partitions, "CSV", tmp_path / "small.csv")
    board = board_with(files)
    for name, text in ((ROW[KEY], OLD), (ROW[KEY] + ".new", NEW), ("erase", ROW[KEY])):
        with files.open(name, "w") as file:
            file.write(text)
    cells = board.cells()
    assert b"canary" in cells
    for number in itertools.count(1 + MODES.index(mode), 11):
        board = board_with(files, cells, number)
        board.flash.plan(number, mode)
        try:
            boot(files)
        except PowerFailure:
            files.mount(board)
            with contextlib.suppress(Restart):  # unless the cut came after the last operation
                boot(files)
        except Restart:
            break
        assert files.names() == [] and b"canary" not in board.cells()
    assert number > 200
