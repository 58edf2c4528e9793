"""Deployment to a new board, later deployments, damage and interruption (`make deploy`)."""

import re

import deploy
import pytest
from boardlink import Board, BoardError, LinkError
from boards import BlankBoard, Relay
from sim import wait_until

LED = "/config/boards/ai_thinker.mpy"


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    """Board after its first deployment, during which the link broke twice."""
    with BlankBoard(tmp_path_factory.mktemp("board")) as board:
        for most in (150_000, 100_000):
            deploy_until_it_breaks(board.port, most)
        board.first = board.tool("deploy.py")
        yield board


def deploy_until_it_breaks(port, most):
    """Deploy over a link that breaks once `most` bytes have been sent."""
    with Board(port) as board:
        board.interrupt()
        write = board.serial.write

        def limited(data):
            nonlocal most
            most -= len(data)
            if most < 0:
                raise OSError("unplugged")
            return write(data)

        board.serial.write = limited
        with pytest.raises(LinkError, match="unplugged"):
            deploy.Deployment(board, str).run()


@pytest.fixture
def redeploy(camera, monkeypatch):
    """Return a function that changes the files, deploys them and returns the lines reported."""
    original = deploy.compiled

    def run(edit, report=None):
        def compiled(facts):
            files = original(facts)
            edit(files)
            return files

        monkeypatch.setattr(deploy, "compiled", compiled)
        lines = []
        with Board(camera.port) as board:
            board.interrupt()
            deployment = deploy.Deployment(board, report or lines.append)
            try:
                deployment.run()
            finally:
                run.changing = deployment.changing
        return lines

    yield run
    monkeypatch.undo()
    with Board(camera.port) as board:
        board.interrupt()
        deploy.Deployment(board, str).run()


def put(camera, files):
    """Write {path: bytes} through the board's prompt."""
    with Board(camera.port) as board:
        board.interrupt()
        board.facts()
        for path, data in files.items():
            board.put("/" + path, data)


def held(camera, start):
    """Return the board's files whose paths begin with `start`."""
    return [path for path in camera.files.paths() if path.startswith(start)]


def no_change(files):
    pass


def test_first_deployment(camera):
    percents = [int(n) for n in re.findall(r"^ +(\d+) %", camera.first, re.MULTILINE)]
    continued = re.search(r"interrupted; this one continues at (\d+) %", camera.first)
    assert 20 < int(continued[1]) <= percents[0] < percents[-1]
    assert "100 %  /main.py\n" in camera.first
    assert camera.first.endswith("verified\nesp32-mqtt-cam 2.0.0 runs\n")
    assert camera.files.read("lib/app/system.mpy")[:2] == b"M\x06"
    assert not held(camera, "lib/umqtt")  # frozen in the firmware
    wait_until(camera.serves, what="the deployed camera")


def test_no_changes(camera):
    assert "0 copied, 0 removed" in camera.tool("deploy.py")


def test_copies_only_changed_files(redeploy, camera):
    def edit(files):
        files["/lib/app/new.mpy"] = b"M\x06\0\x1f"
        files[LED] = files[LED][:-1] + b"\0"
        del files["/lib/proto/jpeg.mpy"]

    lines = redeploy(edit)
    assert [line.split()[-1] for line in lines if line.startswith("  ")] == [
        "/lib/proto/jpeg.mpy",
        LED,
        "/lib/app/new.mpy",
    ]
    assert lines[-1].startswith("2 copied, 1 removed")
    assert not held(camera, "lib/proto/jpeg.mpy")


def test_removes_empty_folders(redeploy, camera):
    def edit(files):
        for path in [path for path in files if path.startswith("/lib/microdot/")]:
            del files[path]

    redeploy(edit)
    assert not held(camera, "lib/microdot")


def test_keeps_unknown_files_outside_its_own_folders(redeploy, camera):
    ours, others = "lib/app/left.py", ("lib/other/mine.py", "notes.txt")
    put(camera, dict.fromkeys((ours, *others), b"x = 1"))
    redeploy(no_change)
    assert not held(camera, ours) and all(held(camera, path) for path in others)


def test_replaces_a_damaged_file(redeploy, camera):
    path = "lib/app/led.mpy"
    good = camera.files.read(path)
    put(camera, {path: good[:-1] + b"?"})
    assert "  100 %  /lib/app/led.mpy" in redeploy(no_change)
    assert camera.files.read(path) == good


@pytest.mark.slow
def test_completes_an_interrupted_deployment(redeploy, camera):
    """Ctrl-C stops a deployment; the next one reports that and completes it."""

    def cut(text):
        if text.endswith(LED):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        redeploy(lambda files: files.update({LED: b"half", "/lib/app/new.mpy": b"other"}), cut)
    assert redeploy.changing
    assert camera.files.read(LED) == b"half"
    output = camera.tool("deploy.py")
    assert "interrupted; this one continues at 9" in output and LED in output
    assert "0 copied" in camera.tool("deploy.py")
    wait_until(camera.serves, what="the camera, complete again")


def test_full_board(redeploy):
    with pytest.raises(BoardError, match="has 512 blocks, and the application takes"):
        redeploy(lambda files: files.update({"/lib/app/big.mpy": bytes(2_000_000)}))


def test_reports_a_camera_that_does_not_start(redeploy, camera):
    redeploy(lambda files: files.update({"/main.py": b"import nothing_such\n"}))
    with Board(camera.port) as board:
        board.interrupt()
        with pytest.raises(BoardError, match="(?s)did not start.*no module named 'nothing_such'"):
            deploy.restart(board)


def test_deployed_application_replaces_an_updated_one(redeploy, camera):
    """An application installed by an update no longer takes precedence."""
    put(camera, {"app_a/app/system.py": b"raise SystemExit"})
    put(camera, dict.fromkeys(("app_b.zip", "app_a.zip.new"), bytes(1_024)))
    with Board(camera.port) as board:
        board.interrupt()
        board.facts()
        board.do("import esp32; esp32.NVS('boot').set_i32('app', 0x21)")
    redeploy(no_change)
    assert not held(camera, "app_")
    assert "app" not in camera.control("nvs")["nvs"].get("boot", {})


def test_refuses_a_folder_that_hides_the_application(redeploy, camera):
    put(camera, {"app/mine.py": b""})
    with pytest.raises(BoardError, match="/app on the board would hide /lib/app"):
        redeploy(no_change)
    with Board(camera.port) as board:
        board.interrupt()
        board.facts()
        board.do("remove('/app/mine.py')")


@pytest.mark.slow
def test_sources(camera):
    output = camera.tool("deploy.py", "--py", "app.camera")
    assert "/lib/app/camera/frames.py" in output and "2.0.0 runs" in output
    assert "remove /lib/app/camera/frames.mpy" in output and "system" not in output
    assert camera.files.read("lib/app/camera/frames.py").startswith(b'"""')
    assert "2.0.0 runs" in camera.tool("deploy.py", "--py")
    output = camera.tool("deploy.py")
    assert "remove /lib/app/camera/frames.py" in output and "2.0.0 runs" in output


@pytest.mark.slow
def test_over_the_network(camera, capsys):
    """Deploy through a TCP port, as emulators and serial servers provide it."""
    with Relay(camera.port) as relay:
        assert deploy.main([relay.url]) == 0
    output = capsys.readouterr().out
    assert "0 copied" in output and "2.0.0 runs" in output


def test_no_such_port(camera, capsys):
    assert deploy.main(["/dev/nothing"]) == 1
    assert "/dev/nothing cannot be opened" in capsys.readouterr().err
