"""Power cuts at every operation of an application update: the old or the new copy starts.

The firmware's own code writes to littlefs on the simulated flash. Each erase and each write of
littlefs is an operation, as are the changes of the boot note. boot.py selects the copy.
"""

import gc
import hashlib
import importlib
import itertools
import random
import sys
import types

import pytest
from archives import packed
from errors import PowerFailure
from inprocess import ROOT, Board, Firmware, finished
from littleos import File, LittleOS
from test_update_power_cuts import MODES, SETTINGS, Bytes, Server, after_trial
from update.file import Update
from update.keys import generate, read_private

from app.ota import app_archive
from config import product
from hal import appslot, bootnote, tarfs
from proto import signature
from proto.values import BadArgument

BOOT = compile((ROOT / "boot.py").read_text(), "boot.py", "exec")
PWRON_RESET, HARD_RESET = 1, 2
MOUNTS = ("/app_a", "/app_b")
HELD = {"STA_SSID": "sim", "MQTT_PUBINTERV": 77}  # SETTINGS as reported by NVS


def update(number):
    """Return (archive, update) of a few small files with version 9.9.<number>."""
    chance = random.Random(number)
    files = {"update.txt": f"{product.NAME} 9.9.{number} 0\n".encode()}
    files |= {f"app/{name}.mpy": chance.randbytes(900) for name in "ab"}
    body = packed(files)
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
        held = self.files.read(name[1:] + ".tar")
        return next(number for number, (body, _) in UPDATES.items() if body == held)

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
        held = self.board.nvs.report()["nvs"]["syscfg"]
        assert held == HELD and self.board.flash.unerased == 0
        assert not self.left()

    def left(self):
        """Return the names of unfinished files."""
        return [name for name in self.files.names() if name.endswith(".new")]


def by_upload(board, data, force=False, **settings):
    finished(Firmware(board, **settings).install(Bytes(data).read, len(data), force))


def by_mqtt(board, data, force=False):
    why = Firmware(board).push(Bytes(data, 2_048), force)
    if why:
        raise BadArgument(why)


def by_http(board, data, force=False):
    firmware = Firmware(board, Server(data), otaurl="http://host/app.tar")
    firmware.pull(force)
    if firmware.state != "installed":
        raise BadArgument("failed already")


@pytest.fixture
def camera(monkeypatch):
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
    for module in (app_archive, tarfs):
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


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("source", (by_upload, by_mqtt, by_http), ids=lambda each: each.__name__)
def test_every_operation(camera, source, mode):
    kept = camera.board.cells()
    for number in itertools.count(1):
        camera.restore(kept, number)
        assert camera.start() == 2
        camera.board.flash.plan(number, mode)
        try:
            source(camera.board, UPDATES[3][1])
            break  # the update has fewer operations
        except PowerFailure:
            pass
        assert camera.start() in (2, 3), number
        appslot.tidy()
        assert not camera.left() and camera.restart() in (2, 3)
        camera.update_to(3, source)
    assert number > len(UPDATES[3][0]) // 128 + 10


def test_two_random_cuts(camera):
    kept = camera.board.cells()
    before = camera.board.flash.operations
    camera.update_to(3, by_upload)
    length = camera.board.flash.operations - before
    chance = random.Random(7)
    for pair in range(100):
        camera.restore(kept, pair)
        for _ in range(2):
            camera.board.flash.plan(chance.randrange(1, length + 1), chance.choice(MODES))
            try:
                camera.update_to(3, by_upload)
                break  # the new copy is confirmed before the cut
            except PowerFailure:
                pass
        camera.board.flash._cut_at = None
        assert camera.start() in (2, 3)
        camera.update_to(3, by_upload)


def test_free_space_is_checked_before_a_copy_is_removed(camera, monkeypatch):
    """Copy 1 frees two blocks; the file system needs four more than the update."""
    kept = camera.files.names()
    monkeypatch.setattr(
        camera.files, "statvfs", lambda path: (4_096, 4_096, 240, 3), raising=False
    )
    with pytest.raises(BadArgument, match="needs 6 blocks of 4096 bytes, 5 are free"):
        by_upload(camera.board, UPDATES[3][1])
    assert camera.files.names() == kept
    monkeypatch.setattr(camera.files, "statvfs", lambda path: (4_096, 4_096, 240, 4))
    by_upload(camera.board, UPDATES[3][1])
    assert camera.restart() == 3


def test_folders_leave_the_room_that_they_leave(camera):
    """The update needs six blocks: the two of copy 1 and four more."""
    for number in range(3):
        camera.files.mkdir(f"folder{number}")
    with camera.files.open("large", "wb") as file:
        while camera.files.statvfs("/")[3] + 2 * 3 > 4:
            file.write(bytes(2_048))
    by_upload(camera.board, UPDATES[3][1])
    assert camera.restart() == 3


def test_flash_becomes_full(camera, monkeypatch):
    def write(file, data):
        raise OSError(28, "ENOSPC")

    monkeypatch.setattr(File, "write", write)
    with pytest.raises(BadArgument, match="file system"):
        by_upload(camera.board, UPDATES[3][1])
    assert camera.files.names() == ["app_b.tar"]
    assert camera.restart() == 2


def test_flash_returns_other_data(camera, monkeypatch):
    write = File.write
    monkeypatch.setattr(File, "write", lambda file, data: write(file, bytes(len(data))))
    with pytest.raises(BadArgument, match="does not hold what was written"):
        by_upload(camera.board, UPDATES[3][1])
    assert camera.files.names() == ["app_b.tar"]
    assert camera.restart() == 2


def test_only_signed_updates_with_a_stored_key(camera, tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    private, public = generate(folder / "ours", 2048)
    other, _ = generate(folder / "other", 2048)
    for key, why in ((None, "not signed"), (other, "not signed with this camera's key")):
        made = Update(UPDATES[3][1])
        if key:
            made.sign(read_private(key))
        with pytest.raises(BadArgument, match=why):
            by_upload(camera.board, made.data, otakey=str(public))
        assert camera.restart() == 2
    made.sign(read_private(private))
    damaged = bytearray(made.data)
    damaged[-300] ^= 1
    with pytest.raises(BadArgument):
        by_upload(camera.board, bytes(damaged), otakey=str(public))
    by_upload(camera.board, made.data, otakey=str(public))
    assert camera.restart() == 3
