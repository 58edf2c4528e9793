"""Boards in this process that run copies of the application from their file system.

The firmware's own code writes to littlefs on the simulated flash. Each erase and each write of
littlefs is an operation, as are the changes of the boot note. boot.py selects the copy.
"""

import gc
import hashlib
import importlib
import random
import sys
import types

from inprocess import ROOT, Board
from littleos import LittleOS
from sources import HELD, SETTINGS, after_trial, by_upload, held
from update.archive import zipped

from app.ota import app_archive
from config import product
from hal import appslot, bootnote, zipfs
from proto import signature
from proto.values import BadArgument

BOOT = compile((ROOT / "boot.py").read_text(), "boot.py", "exec")
PWRON_RESET, HARD_RESET = 1, 2
MOUNTS = ("/app_a", "/app_b")


def update(number):
    """Return (archive, update) of a few small files with version 9.9.<number>."""
    chance = random.Random(number)
    files = {"update.txt": f"{product.NAME} 9.9.{number} 0\n".encode()}
    files |= {f"app/{name}.mpy": chance.randbytes(2_500) for name in "ab"}
    body = zipped(files)
    return body, body + signature.MAGIC + bytes(4) + hashlib.sha256(body).digest()


UPDATES = {number: update(number) for number in (1, 2, 3)}


class Camera:
    """A board, its files and its running copy."""

    def __init__(self, files):
        self.files = files
        self.board = None

    def restore(self, cells=None, seed=0):
        self.board = Board(cells, seed)

    def restart(self):
        """Restart as the firmware does, without counting a crash."""
        importlib.import_module("hal.chip").healthy()
        return self.start(HARD_RESET)

    def start(self, cause=PWRON_RESET):
        """Return the number of the running update, or 0 for the firmware's own copy."""
        self.cause = cause
        assert self.board.start()
        self.board.attach()
        self.files.mount(self.board)
        path, modules = list(sys.path), dict(sys.modules)
        sys.modules["os"] = self.files
        try:
            exec(BOOT, {"__name__": "boot", "open": self.files.open})
            name = sys.path[0] if sys.path[0] in MOUNTS else ""
        finally:
            sys.path[:] = path
            sys.modules.update(modules)
        if not name:
            return 0
        archive = self.files.read(name[1:] + ".zip")
        return next(number for number, (body, _) in UPDATES.items() if body == archive)

    def update_to(self, number, source, force=False):
        """Run from a start to the confirmed start of an update."""
        runs = self.start()
        while runs != number:
            after_trial(self.board)
            try:
                source(self.board, UPDATES[number][1], force)
            except BadArgument as refused:
                assert "failed already" in str(refused)  # cut before the confirmation
                force = True
                continue
            runs = self.restart()
        after_trial(self.board)
        assert self.restart() == number
        assert held(self.board) == HELD and self.board.flash.unerased == 0
        assert not self.left()

    def left(self):
        """Return the names of unfinished files."""
        return [name for name in self.files.names() if name.endswith(".new")]


def running_copy_2(monkeypatch):
    """Return a camera that runs update 2 and can fall back to 1."""
    causes = "PWRON_RESET HARD_RESET WDT_RESET DEEPSLEEP_RESET SOFT_RESET".split()
    machine = types.SimpleNamespace(**{name: n for n, name in enumerate(causes, 1)})
    machine.reset_cause = lambda: made.cause
    machine.WDT = lambda timeout: None
    monkeypatch.setitem(sys.modules, "machine", machine)
    monkeypatch.delitem(sys.modules, "hal.chip", raising=False)
    vfs = types.SimpleNamespace(mount=lambda files, place: None)
    monkeypatch.setitem(sys.modules, "vfs", vfs)
    monkeypatch.setattr(gc, "threshold", lambda count: None, raising=False)
    files = LittleOS()
    for module in (app_archive, appslot, bootnote):
        monkeypatch.setattr(module, "os", files)
    for module in (app_archive, zipfs):
        monkeypatch.setattr(module, "open", files.open, raising=False)
    kind = types.SimpleNamespace(implementation=types.SimpleNamespace(_mpy=0))
    monkeypatch.setattr(app_archive, "sys", kind)
    made = Camera(files)
    made.restore()
    for key, value in SETTINGS.items():
        made.board.nvs.put("syscfg", key, value)
    made.update_to(1, by_upload)
    made.update_to(2, by_upload)
    return made
