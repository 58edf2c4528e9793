"""Settings written and read through a board's REPL, and used by the camera on it."""

import contextlib
import json
import os
import pty
import subprocess
import sys
import tty

import backup
import provision
import pytest
from boardlink import Board, BoardError
from boards import BlankBoard
from sim import ROOT, wait_until
from usersettings import checked

CA = "-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END CERTIFICATE-----\n"


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    with BlankBoard(tmp_path_factory.mktemp("board")) as board:
        board.tool("deploy.py")
        yield board


@pytest.fixture
def prompt(camera):
    with Board(camera.port) as board:
        board.interrupt()
        board.facts()
        yield board


def stored(camera):
    return camera.control("nvs")["nvs"]["syscfg"]


def test_camera_uses_the_settings(camera, tmp_path):
    (tmp_path / "ca.pem").write_text(CA)
    arguments = ["topic=hall", "pubinterval=7", "mqttpass=s3cret", f"mqttca=@{tmp_path}/ca.pem"]
    output = camera.tool("provision.py", *arguments)
    assert "topic = hall" in output and "mqttpass = ***" in output and "s3cret" not in output
    assert stored(camera)["MQTT_PUBINTERV"] == 7
    assert camera.files.read("mqttca.pem") == CA.encode()
    wait_until(camera.serves, what="the camera after its restart")
    with Board(camera.port) as board:
        board.serial.write(b"\rtopic\r")
        found, output = board.wait_for(b"topic = hall", 10)
        assert found, output


def test_bad_value_changes_nothing(camera):
    before = stored(camera)
    output = camera.tool("provision.py", "topic=porch", "pubinterval=never", status=1)
    assert "pubinterval: " in output and stored(camera) == before


def test_unfinished_save_is_left_to_the_camera(prompt):
    prompt.load("settings.py")
    prompt.do("store('syscfg', 'SAVE_JOURNAL', b'x')")
    with pytest.raises(BoardError, match="let it start once"):
        provision.write(prompt, checked([("topic", "x")]))
    prompt.do("store('syscfg', 'SAVE_JOURNAL', None)")


@pytest.mark.parametrize("secrets", [False, True], ids=["without secrets", "with secrets"])
def test_round_trip(camera, prompt, tmp_path, secrets):
    path = tmp_path / "backup.json"
    settings = {"topic": "garden", "mqttpass": "s3cret", "poweratreset": "on", "mqttca": CA}
    settings["adminpass"] = "open, sesame"
    provision.write(prompt, checked(settings.items()), [("quality", 12)], str)
    assert "sesame" not in str(camera.control("nvs"))
    hash_ = stored(camera)["ADMIN_PASS"]
    backup.save(prompt, path, secrets)
    saved = json.loads(path.read_text())
    assert ("mqttpass" in saved["settings"]) is ("adminpass" in saved["settings"]) is secrets
    assert saved["settings"]["poweratreset"] == "on" and saved["camera"] == {"quality": 12}
    assert path.stat().st_mode & 0o077 == (0 if secrets else 0o044)
    other = {"topic": "1", "mqttpass": "other", "poweratreset": "off", "mqttca": ""}
    other["adminpass"] = "1"
    provision.write(prompt, checked(other.items()), [("quality", 30)], str)
    assert "mqttca.pem" not in camera.files.paths()
    provision.write(prompt, *backup.load(path), str)
    values = stored(camera)
    assert (values["MQTT_TOPIC"], values["APP_PWR_AT_RST"]) == ("garden", 1)
    assert values["MQTT_PASS"] == ("s3cret" if secrets else "other")
    assert values.get("ADMIN_PASS") == (hash_ if secrets else None)
    assert camera.files.read("mqttca.pem") == CA.encode()
    assert camera.control("nvs")["nvs"]["cam_param"] == {"quality": 12}
    provision.write(prompt, checked([("adminpass", "1")]), say=str)


def test_commands(camera, tmp_path):
    path = tmp_path / "backup.json"
    assert "settings" in camera.tool("backup.py", str(path))
    assert "topic = " in camera.tool("backup.py", str(path), "--restore")
    wait_until(camera.serves, what="the camera after its restart")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{", "not a backup"),
        ('{"format": 2}', "newer"),
        ('{"format": 1, "settings": {"topic": ""}}', "topic: "),
        ('{"format": 1, "settings": {}, "camera": {"quality": 99}}', "quality cannot be 99"),
    ],
)
def test_bad_file_is_refused_before_any_change(tmp_path, capsys, text, error):
    path = tmp_path / "bad.json"
    path.write_text(text)
    assert backup.main(["/dev/nothing", str(path), "--restore"]) == 1
    assert error in capsys.readouterr().err


def test_monitor(camera):
    """Connect a terminal to the console of the camera; Ctrl-] ends the session."""
    wait_until(camera.serves, what="the camera, which other tests have stopped")
    near, far = pty.openpty()
    tty.setraw(near)
    command = [sys.executable, str(ROOT / "tools" / "monitor.py"), camera.port]
    process = subprocess.Popen(command, stdin=far, stdout=far, stderr=far)
    shown = b""
    try:
        os.set_blocking(near, False)
        for keys, answer in ((b"", b"Ctrl-] exits"), (b"pulse\n", b"pulse = 0")):
            os.write(near, keys)

            def found(answer=answer):
                nonlocal shown
                with contextlib.suppress(BlockingIOError):
                    shown += os.read(near, 4096)
                return answer in shown

            wait_until(found, 10, f"{answer} in {shown}")
        os.write(near, b"\x1d")
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        os.close(near)
        os.close(far)
