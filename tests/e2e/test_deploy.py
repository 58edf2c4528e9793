"""From a board as flashed to a running camera, and on from there: `make deploy`."""

import deploy
import pytest
from boardlink import Board, BoardError
from boards import BlankBoard, Relay
from sim import wait_until

LED = "/config/boards/ai_thinker.mpy"


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    """A board to which everything has been deployed once."""
    with BlankBoard(tmp_path_factory.mktemp("board")) as board:
        board.first = board.tool("deploy.py")
        yield board


@pytest.fixture
def changed(camera, monkeypatch):
    """Deploys again after `files` have been altered; the lines that are said."""
    true = deploy.compiled

    def run(alter, say=None):
        def compiled(facts):
            files = true(facts)
            alter(files)
            return files

        monkeypatch.setattr(deploy, "compiled", compiled)
        said = []
        with Board(camera.port) as board:
            board.interrupt()
            deployment = deploy.Deployment(board, say or said.append)
            try:
                deployment.run()
            finally:
                run.changing = deployment.changing
        return said

    yield run
    monkeypatch.undo()
    with Board(camera.port) as board:
        board.interrupt()
        deploy.Deployment(board, str).run()


def nothing(files):
    pass


def test_first_time(camera):
    assert "100 %  /main.py\n" in camera.first
    assert camera.first.endswith("verified\nesp32-mqtt-cam 2.0.0 runs\n")
    assert (camera.files / "lib/app/system.mpy").read_bytes()[:2] == b"M\x06"
    assert not (camera.files / "lib/umqtt").exists()  # frozen in the firmware
    wait_until(camera.serves, what="the deployed camera")


def test_nothing_to_do(camera):
    assert "0 copied, 0 removed" in camera.tool("deploy.py")


def test_only_what_changed_is_copied(changed, camera):
    def alter(files):
        files["/lib/app/new.mpy"] = b"M\x06\0\x1f"
        files[LED] = files[LED][:-1] + b"\0"
        del files["/lib/proto/jpeg.mpy"]

    said = changed(alter)
    assert [line.split()[-1] for line in said if line.startswith("  ")] == [
        "/lib/proto/jpeg.mpy",
        LED,
        "/lib/app/new.mpy",
    ]
    assert said[-1].startswith("2 copied, 1 removed")
    assert not (camera.files / "lib/proto/jpeg.mpy").exists()


def test_emptied_folders_go(changed, camera):
    def alter(files):
        for path in [path for path in files if path.startswith("/lib/microdot/")]:
            del files[path]

    changed(alter)
    assert not (camera.files / "lib/microdot").exists()


def test_strange_files_stay_but_not_in_our_folders(changed, camera):
    ours, other = camera.files / "lib/app/left.py", camera.files / "lib/other/mine.py"
    for path in (ours, other, camera.files / "notes.txt"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("x = 1")
    changed(nothing)
    assert not ours.exists() and other.exists() and (camera.files / "notes.txt").exists()


def test_damage_is_found_and_mended(changed, camera):
    path = camera.files / "lib/app/led.mpy"
    good = path.read_bytes()
    path.write_bytes(good[:-1] + b"?")
    assert "  100 %  /lib/app/led.mpy" in changed(nothing)
    assert path.read_bytes() == good


def test_interrupted_and_completed(changed, camera):
    """Ctrl-C in the middle: it says so, the next run says that it completes, and does."""

    def cut(text):
        if text.endswith(LED):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        changed(lambda files: files.update({LED: b"half", "/lib/app/new.mpy": b"other"}), cut)
    assert changed.changing
    assert (camera.files / LED[1:]).read_bytes() == b"half"
    said = camera.tool("deploy.py")
    assert "interrupted; this one completes it" in said and LED in said
    assert "0 copied" in camera.tool("deploy.py")
    wait_until(camera.serves, what="the camera, complete again")


def test_board_without_room(changed):
    with pytest.raises(BoardError, match="too full: .* bytes are needed"):
        changed(lambda files: files.update({"/lib/app/big.mpy": bytes(1_000_000)}))


def test_broken_camera_is_told(changed, camera):
    changed(lambda files: files.update({"/main.py": b"import nothing_such\n"}))
    with Board(camera.port) as board:
        board.interrupt()
        with pytest.raises(BoardError, match="(?s)did not start.*no module named 'nothing_such'"):
            deploy.restart(board, deploy.greeting(), print)


def test_deployed_copy_is_what_starts(changed, camera):
    """A copy that came by an update stood before it until now."""
    (camera.files / "app_a/app").mkdir(parents=True)
    (camera.files / "app_a/app/system.py").write_text("raise SystemExit")
    for name in ("app_b.tar", "app_a.tar.new"):
        (camera.files / name).write_bytes(bytes(1_024))
    with Board(camera.port) as board:
        board.interrupt()
        board.facts()
        board.do("import esp32; esp32.NVS('boot').set_i32('app', 0x21)")
    changed(nothing)
    assert not list(camera.files.glob("app_*"))
    assert "app" not in camera.control("nvs")["nvs"].get("boot", {})


def test_what_hides_the_programs_is_refused(changed, camera):
    (camera.files / "app").mkdir()
    with pytest.raises(BoardError, match="/app on the board would hide /lib/app"):
        changed(nothing)
    (camera.files / "app").rmdir()


def test_sources(camera):
    said = camera.tool("deploy.py", "--py", "--no-restart")
    assert "/lib/app/system.py" in said and "remove /lib/app/system.mpy" in said
    assert (camera.files / "lib/app/system.py").read_text().startswith('"""')
    said = camera.tool("deploy.py")
    assert "remove /lib/app/system.py" in said and "2.0.0 runs" in said


def test_over_the_network(camera, capsys):
    """The same board behind a TCP port, as an emulator or a serial server has it."""
    with Relay(camera.port) as relay:
        assert deploy.main([relay.url]) == 0
    said = capsys.readouterr().out
    assert "0 copied" in said and "2.0.0 runs" in said


def test_no_such_port(camera, capsys):
    assert deploy.main(["/dev/nothing"]) == 1
    assert "/dev/nothing cannot be opened" in capsys.readouterr().err
