"""tools/deploy.py on a board that this PC plays: breaks at every point, noise, refused boards."""

import contextlib
import io
import os
import re
import sys
import types
from pathlib import Path

import boardlink
import deploy
import pytest
from boardlink import Board, BoardError, LinkError
from test_platforms import API, GENERIC, OWN

FILES = {f"/lib/app/m{n:02}.mpy": bytes([n]) * (500 * n) for n in range(10)}
FILES |= {"/boot.py": b"boot", "/main.py": b"main", "/lib/www/page.gz": bytes(5_000)}
TOTAL = sum(map(len, FILES.values()))
LARGEST = max(map(len, FILES.values()))


class RootedOS:
    """MicroPython's `os` for a folder of the PC, with 100 blocks."""

    def __init__(self, root):
        self.place = lambda path: root / path.lstrip("/")
        for call in (os.stat, os.mkdir, os.remove, os.rmdir, os.listdir):
            setattr(self, call.__name__, lambda path, call=call: call(self.place(path)))

    def rename(self, old, new):
        os.replace(self.place(old), self.place(new))

    def ilistdir(self, path):
        for entry in os.scandir(self.place(path)):
            yield entry.name, 0x4000 if entry.is_dir() else 0x8000, 0

    def statvfs(self, path):
        files = (path for path in self.place("/").rglob("*") if path.is_file())
        return 4_096, 4_096, 100, 100 - sum(-(-file.stat().st_size // 4_096) for file in files)

    def umount(self, path):
        raise OSError(22)


class PCBoard(Board):
    """Board that runs onboard/files.py on the PC; its link breaks at command `break_at`."""

    def __init__(self, root, facts=API, break_at=None, after=False):
        self._os = RootedOS(root)
        self._space = {}
        exec((boardlink.ONBOARD / "files.py").read_text(), self._space)
        self._space.update(os=self._os, open=lambda path, mode: open(self._os.place(path), mode))
        free_blocks = self._os.statvfs("/")[3]
        self._facts = {
            **facts,
            "root": os.listdir(root),
            "blocks": 100,
            "free_blocks": free_blocks,
        }
        self.break_at, self._after = break_at, after
        self.commands = self.received = self.resumed = 0
        self.says = []

    def facts(self):
        return self._facts

    def interrupt(self):
        pass

    close = interrupt

    def do(self, code):
        breaks = self.commands == self.break_at
        self.commands += 1
        if breaks and not self._after:
            raise LinkError("the link broke")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, self._space)
        if breaks:
            raise LinkError("the link broke")
        return printed.getvalue()

    def put(self, path, data):
        super().put(path, data)
        if path in FILES:
            self.received += len(data)

    def resume(self):
        raise LinkError("the link is gone")

    def deploy(self):
        """Deploy FILES; return true if anything has changed."""
        self.deployment = deploy.Deployment(self, self.says.append)
        return self.deployment.run()


class NoisyBoard(PCBoard):
    """Board whose link works again at once."""

    def resume(self):
        self.resumed += 1


@pytest.fixture(autouse=True)
def pc(monkeypatch):
    """Deploy FILES; no module `esp32` has anything to forget."""
    monkeypatch.setattr(deploy, "compiled", lambda facts: dict(FILES))
    fake = types.SimpleNamespace(NVS=lambda name: types.SimpleNamespace(erase_key=_missing))
    monkeypatch.setitem(sys.modules, "esp32", fake)


def _missing(key):
    raise OSError(-4354)


def content(root):
    """Return {path: bytes} of the board's files, without the record."""
    files = (path for path in Path(root).rglob("*") if path.is_file())
    found = {"/" + path.relative_to(root).as_posix(): path.read_bytes() for path in files}
    found.pop(deploy.RECORD, None)
    return found


@pytest.fixture
def commands(tmp_path):
    """Return the number of commands of a whole deployment."""
    (tmp_path / "whole").mkdir()
    board = PCBoard(tmp_path / "whole")
    assert board.deploy() and content(tmp_path / "whole") == FILES
    assert board.received == TOTAL
    return board.commands


def test_continues_after_a_break_at_any_point(commands, tmp_path):
    """What was copied before the break is not copied again, except for the file in progress."""
    percents = []
    for after in (False, True):
        for at in range(commands):
            root = tmp_path / f"{after}{at}"
            root.mkdir()
            first = PCBoard(root, break_at=at, after=after)
            with pytest.raises(LinkError):
                first.deploy()
            assert first.deployment.changing or not content(root)
            second = PCBoard(root)
            second.deploy()
            assert content(root) == FILES, at
            assert first.received + second.received <= TOTAL + LARGEST, at
            percents += [int(t.split()[-2]) for t in second.says if "interrupted" in t]
            assert not PCBoard(root).deploy(), at  # nothing is left to do
    assert percents[: commands // 2] == sorted(percents[: commands // 2])
    assert set(percents) >= {0, 99} and len(set(percents)) > 6


def test_many_breaks_in_a_row(tmp_path):
    """Each try gets some steps further, so the deployment comes to its end."""
    received, tries = 0, 0
    while content(tmp_path) != FILES and tries < 20:
        board = PCBoard(tmp_path, break_at=16)
        with contextlib.suppress(LinkError):
            board.deploy()
        received += board.received
        tries += 1
    assert 2 < tries < 20 and received <= TOTAL + tries * LARGEST


def test_removes_what_an_interruption_left(tmp_path):
    for name in ("main.py.new", "lib/app/m03.mpy.new", "lib/app/old.mpy"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"left")
    PCBoard(tmp_path).deploy()
    assert content(tmp_path) == FILES


def test_removes_files_of_the_last_deployment_only(tmp_path, monkeypatch):
    """Also outside the application's own folders, but no file of the owner's."""
    (tmp_path / "notes.txt").write_text("mine")
    old = {**FILES, "/setup.py": b"x", "/lib/microdot/a.mpy": b"x", "/lib/tool.py": b"x"}
    monkeypatch.setattr(deploy, "compiled", lambda facts: old)
    PCBoard(tmp_path).deploy()
    monkeypatch.setattr(deploy, "compiled", lambda facts: dict(FILES))
    with contextlib.suppress(LinkError):
        PCBoard(tmp_path, break_at=12).deploy()
    PCBoard(tmp_path).deploy()
    assert content(tmp_path) == {**FILES, "/notes.txt": b"mine"}


@pytest.mark.parametrize("record", [b"", b"{", b"[]", b'{"files": 1}'])
def test_damaged_record(tmp_path, record):
    PCBoard(tmp_path).deploy()
    (tmp_path / deploy.RECORD[1:]).write_bytes(record)
    board = PCBoard(tmp_path)
    board.deploy()
    assert board.received == 0 and content(tmp_path) == FILES
    assert not PCBoard(tmp_path).deploy()


@pytest.mark.parametrize("after", [False, True])
def test_noise_costs_one_file(commands, tmp_path, after):
    for at in range(6, commands - 6, 7):
        root = tmp_path / f"{at}"
        root.mkdir()
        board = NoisyBoard(root, break_at=at, after=after)
        with contextlib.suppress(LinkError):  # at a command that copies no file
            board.deploy()
            assert content(root) == FILES
            assert board.resumed <= 1 and board.received == TOTAL


def test_damaged_while_copied(tmp_path):
    """A file that the board has received wrongly is copied once more."""
    board = PCBoard(tmp_path)
    original, damaged = board._space["put"], []

    def put(path, data, at, last):
        original(path, data, at, last)
        if path == "/lib/app/m07.mpy" and last and len(damaged) < damage:
            damaged.append(path)
            (tmp_path / path[1:]).write_bytes(b"damaged")

    board._space["put"] = put
    damage = 1
    board.deploy()
    assert content(tmp_path) == FILES and damaged
    (tmp_path / "lib/app/m07.mpy").unlink()
    damage = 3
    with pytest.raises(BoardError, match="written twice.*/lib/app/m07.mpy"):
        board.deploy()


def test_unsuitable_board_is_left_as_it_is(tmp_path):
    board = PCBoard(tmp_path, GENERIC)
    with pytest.raises(BoardError, match="does not use PSRAM"):
        board.deploy()
    assert board.commands == 0 and not list(tmp_path.iterdir())


def test_advice_after_a_failure(tmp_path, monkeypatch, capsys):
    for board, advice in (
        (PCBoard(tmp_path, GENERIC), "(?s)not use PSRAM.*the application is as before; a reset"),
        (PCBoard(tmp_path, break_at=20), "To continue where it broke off: make deploy PORT=COM3"),
        (PCBoard(tmp_path), "^$"),
    ):
        monkeypatch.setattr(deploy, "Board", lambda port, board=board: board)
        assert deploy.main(["COM3", "--no-restart"]) == (advice != "^$")
        assert re.search(advice, capsys.readouterr().err)


def test_file_system_that_is_too_small(tmp_path, monkeypatch):
    monkeypatch.setattr(deploy, "compiled", lambda facts: {"/main.py": bytes(500_000)})
    board = PCBoard(tmp_path)
    with pytest.raises(BoardError, match="has 100 blocks, and the application takes 1"):
        board.deploy()
    assert board.commands == 0


def test_updates_of_the_application_go_once_there_is_room(tmp_path):
    """A refused deployment leaves them; their blocks count as free for the next one."""
    update = {"/app_a.zip": bytes(40 * 4_096), "/notes.bin": bytes(58 * 4_096)}
    for path, data in update.items():
        (tmp_path / path[1:]).write_bytes(data)
    assert PCBoard(tmp_path).facts()["free_blocks"] == 2
    PCBoard(tmp_path).deploy()
    assert content(tmp_path) == {**FILES, "/notes.bin": update["/notes.bin"]}

    for path in FILES:
        (tmp_path / path[1:]).unlink()
    update = {"/app_b.zip.new": b"update", "/notes.bin": bytes(95 * 4_096)}
    for path, data in update.items():
        (tmp_path / path[1:]).write_bytes(data)
    board = PCBoard(tmp_path)
    with pytest.raises(BoardError, match="too full"):
        board.deploy()
    assert content(tmp_path) == update and not board.deployment.changing


def test_break_after_an_update_is_removed(tmp_path):
    """The application is no longer as before, and the next deployment completes it."""
    PCBoard(tmp_path).deploy()
    for after in (False, True):
        for at in range(8):
            (tmp_path / "app_a.zip").write_bytes(b"update")
            board = PCBoard(tmp_path, break_at=at, after=after)
            with contextlib.suppress(LinkError):
                board.deploy()
                continue
            assert board.deployment.changing or "/app_a.zip" in content(tmp_path), at
            PCBoard(tmp_path).deploy()
            assert content(tmp_path) == FILES


def test_firmware_with_the_application_gets_no_files(tmp_path):
    """What was deployed to the board before is removed, its updates stay."""
    PCBoard(tmp_path).deploy()
    (tmp_path / "app_a.zip").write_bytes(b"update")
    board = PCBoard(tmp_path, {**OWN, "application": "1.9.0"})
    board.deploy()
    assert content(tmp_path) == {"/app_a.zip": b"update"}
    assert "contains the application, version 1.9.0" in board.says[1]
    assert "send an update" in board.says[2]
    board = PCBoard(tmp_path, OWN)
    assert not board.deploy()
