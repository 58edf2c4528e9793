"""Power cuts at the flash operations of settings in files and of a factory reset."""

import asyncio
import contextlib
import gc
import itertools
import sys
import types

import partitions
import pytest
from errors import PowerFailure
from inprocess import ROOT, Board
from littleos import LittleOS
from test_update_power_cuts import MODES

from app import tls
from app.settings import checks, store
from app.settings.schema import KEY, NAMESPACE, find
from app.settings.settings import Settings
from hal import bootnote
from hal.nvs import NVS

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
    files = LittleOS()
    for module in (store, bootnote):
        monkeypatch.setattr(module, "os", files)
    monkeypatch.setattr(store, "open", files.open, raising=False)
    monkeypatch.setattr(checks, "certificates", lambda text: None)  # any text will do
    monkeypatch.setattr(tls, "check_ca", lambda text: None)
    monkeypatch.setattr(gc, "threshold", lambda count: None, raising=False)
    return files


def board_with(files, cells=None, seed=0):
    board = Board(cells, seed)
    board.attach()
    files.mount(board)
    return board


def settings_of(board):
    """Return the settings after a start of the board."""
    log = types.SimpleNamespace(error=print, info=print, debug=lambda *args: None)
    return Settings(NVS(NAMESPACE), log)


def login(settings, files):
    """Return (CA, user, password), as the camera uses them."""
    path = settings["mqttca"]
    return path and files.read(path).decode(), settings["mqttuser"], settings["mqttpass"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("after", [(NEW, "jane", "other"), (NEW, "", ""), ("", "jane", "other")])
def test_file_and_login_are_all_old_or_all_new(files, mode, after):
    def save(board, values):
        settings = settings_of(board)
        wanted = dict(zip(("mqttca", "mqttuser", "mqttpass"), values))
        assert asyncio.run(settings.apply(wanted)).saved
        return settings

    before = (OLD, "joe", "word")
    board = board_with(files)
    assert login(save(board, before), files) == before
    cells, seen = board.cells(), []
    for number in itertools.count(1):
        board = board_with(files, cells, number)
        board.flash.plan(number, mode)
        try:
            save(board, after)
            break  # it has fewer operations
        except PowerFailure:
            pass
        board, found = restarted(files, board, number)
        assert found in (before, after), number
        seen.append(found == after)
        assert login(save(board, after), files) == after
        assert files.names() == [ROW[KEY]] * bool(after[0])
    assert seen == sorted(seen) and seen[-1] and number > 5


def restarted(files, board, number):
    """Return the login after a second power cut, during the recovery, and a third start."""
    board = board_with(files, board.cells(), number)
    board.flash.plan(1 + number % 7, MODES[number % 3])
    with contextlib.suppress(PowerFailure):  # unless the recovery has fewer operations
        settings_of(board)
    board = board_with(files, board.cells(), number)
    return board, login(settings_of(board), files)


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
