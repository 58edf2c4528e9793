"""Application slots: trial, confirmation and rollback of an application; safe mode."""

import shutil
import sys

import httpx
import pytest
from probe import NO_BROKER, Probe
from sim import ROOT, Simulator, wait_until
from update.archive import zipped

sys.path.append(str(ROOT / "tools" / "sim"))
import appimage  # noqa: E402

NEW_IN_A = 1  # boot notes of the running image (hal.bootnote)
CONFIRMED_A = 1 | 2 << 4
SAFE = 2 << 4 | 6 << 6


def write_note(folder, value):
    """Write the boot note from a probe."""
    code = f"from hal import bootnote\nnote = bootnote.Note({value})\n"
    code += "note.image = bootnote.firmware()\nbootnote.save(note)"
    with Probe(folder) as probe:
        assert probe.run(code) == b"None"


@pytest.fixture
def program(bytecode, repo):
    """Files of the application with version 9.9.9, as {name: bytes}."""
    top = bytecode / "root"
    files = {}
    for folder, prefix in ((top / "lib", ""), (top / "config", "config/")):
        for path in folder.rglob("*.*"):
            files[prefix + path.relative_to(folder).as_posix()] = path.read_bytes()
    del files["config/product.mpy"]
    source = (repo / "config" / "product.py").read_text()
    version = next(line for line in source.splitlines() if line.startswith("VERSION"))
    files["config/product.py"] = source.replace(version, 'VERSION = "9.9.9"').encode()
    return files


@pytest.fixture
def board(tmp_path, program):
    """Board with version 9.9.9 in slot a, to be tried at the next start."""
    write_note(tmp_path, NEW_IN_A)
    board = Simulator(tmp_path, NO_BROKER)
    board.files.write("app_a.zip", zipped(program))
    return board


def test_slot_serves_its_own_pages(board, program):
    own = program["www/login.html"].replace(b"<body", b"<body data-version='9.9.9'")
    program["www/message.html"] = own
    board.files.write("app_a.zip", zipped(program))
    with board as camera:
        page = httpx.get(camera.url + "/nothing", headers={"Accept": "text/html"}, trust_env=False)
        assert page.status_code == 404 and "data-version='9.9.9'" in page.text
        assert camera.get("/style.css").status_code == 200


def test_unconfirmed_slot_runs_once(board):
    with board as camera:
        assert camera.status("2").startswith("9.9.9, ")
        camera.type("restart 1\n")
        camera.wait_boot(2)
        assert not camera.status("2").startswith("9.9.9, ")
        camera.power_cut()
        assert not camera.status("2").startswith("9.9.9, ")


def test_broken_slot_is_not_used(board, program):
    program["app/system.mpy"] = b"broken"
    board.files.write("app_a.zip", zipped(program))
    with board as camera:
        assert not camera.status("2").startswith("9.9.9, ")


@pytest.mark.parametrize("size", [700, 100_000])
def test_truncated_slot_is_not_used(board, size):
    board.files.write("app_a.zip", board.files.read("app_a.zip")[:size])
    with board as camera:
        assert not camera.status("2").startswith("9.9.9, ")


EMPTY_ARCHIVE = f"with open('app_a.zip', 'wb') as file:\n    file.write({zipped({})!r})"
FIRST = "import sys\nresult = sys.path[0].encode()"


def test_slot_is_unused_while_another_firmware_runs(tmp_path, repo):
    probe = Probe(tmp_path)
    shutil.copy(repo / "boot.py", tmp_path / "board")

    def restart():
        boots = probe.facts["boots"]
        probe.control("reset")
        probe.wait_boot(boots + 1)
        return probe.run(FIRST)

    with probe:
        probe.run(EMPTY_ARCHIVE)
        probe.run("from hal import appslot\nappslot.choose('app_a')")
        assert restart() == b"/app_a"
        probe.run("from hal import appslot\nappslot.confirm()")
        with open(probe.state / "flash.bin", "r+b") as flash:
            flash.seek(0x1A0000)
            flash.write(appimage.make("v9.0.0"))
        probe.run("import esp32\nesp32.Partition('ota_1').set_boot()")
        assert restart() != b"/app_a"
        assert probe.control("flash")["running"] == "ota_1"
        assert restart() == b"/app_a"  # rolled back


CRASHING = """
import sys, machine
from hal import appslot
print("start from", sys.path[0] if sys.path[0] == "/app_a" else "own", appslot.safe_mode())
if not appslot.safe_mode():
    machine.reset()
"""


def test_crash_loop_ends_in_safe_mode(tmp_path, repo):
    """Three crashes of one application, two of the other; the first start is a power-on."""
    write_note(tmp_path, CONFIRMED_A)
    root = tmp_path / "crashing"
    root.mkdir()
    shutil.copy(repo / "boot.py", root)
    (root / "main.py").write_text(CRASHING)
    camera = Simulator(tmp_path, NO_BROKER, args=("--root", str(root)))
    camera.files.write("app_a.zip", zipped({}))
    try:
        camera.start(ready=False)
        camera.wait_output("True", 15)
        starts = [line.split()[2:] for line in camera.output.splitlines() if "start from" in line]
    finally:
        camera.stop()
    assert starts == 4 * [["/app_a", "False"]] + 2 * [["own", "False"]] + [["own", "True"]]


def test_safe_mode(tmp_path):
    write_note(tmp_path, SAFE)
    with Simulator(tmp_path, NO_BROKER) as camera:
        camera.wait_status("camera starting (safe mode")
        response = camera.get("/capture")
        assert response.status_code == 503 and "safe mode" in response.text
        assert "safe mode after five failed starts: normal start in " in camera.status()
        found = camera.get("/api/status").json()["safe_mode"]
        assert found["reason"] == "five failed starts" and 240 < found["left_s"] <= 300
        camera.type("restart 1\n")
        camera.wait_boot(2)
        wait_until(lambda: camera.get("/capture").status_code == 200, 10, "pictures again")
        assert camera.get("/api/status").json()["safe_mode"] is None
