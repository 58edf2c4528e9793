"""tools/firmware.py: the build's engine, its steps and its results."""

import subprocess
from pathlib import Path

import firmware
import freezing
import pytest
import wholeimage
from images import KB, bootloader, image, table

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "config" / "firmware"
STEM = "{NAME}-{VERSION}".format(**firmware.product())


def only(name):
    """Return a `which` that finds one program."""
    return lambda program: program if program == name else None


def test_engine(monkeypatch):
    idf = firmware.read_lock()["esp-idf"]

    def find(environ, program, status=0):
        return firmware.find_engine(environ, only(program), lambda line, **more: status)

    assert find({"IDF_PATH": "/idf"}, "idf.py") == "here"
    assert find({"IDF_PATH": "/idf"}, "docker") == "docker"
    assert find({}, "podman") == "podman"
    assert find({}, "docker", status=1) is None  # installed, but its service is not running
    assert find({}, "idf.py") is None
    assert firmware.command(["x", "y"], idf, "here") == ["bash", "-c", "x\ny"]
    monkeypatch.setattr("os.getuid", lambda: 1000)
    monkeypatch.setattr("os.getgid", lambda: 100)
    docker, podman = (firmware.command(["x"], idf, name) for name in ("docker", "podman"))
    assert docker[:3] == ["docker", "run", "--rm"] and idf.address in docker
    assert "1000:100" in docker  # podman itself maps root to the user
    assert "1000:100" not in podman and podman[-1].endswith("\nx")


def run_script(tmp_path, version, commit=""):
    """Run the build's script with fake programs; return (exit status, output)."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    git = f"echo {commit}" if commit else "exit 128"
    for name, body in (("idf.py", f'echo "ESP-IDF {version}"'), ("make", ""), ("git", git)):
        (bin_ / name).write_text(f"#!/bin/sh\n{body}\n")
        (bin_ / name).chmod(0o755)
    lines = firmware.script("cam", "1.2.3", firmware.read_lock()["esp-idf"])
    done = subprocess.run(
        ["bash", "-c", "\n".join(lines)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PATH": f"{bin_}:/usr/bin:/bin", "IDF_PATH": str(tmp_path)},
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("version", ["v5.2.2", "v5.4"])
def test_other_esp_idf_is_refused(tmp_path, version):
    """Checked by its commit in a clone, otherwise by the version it reports."""
    status, output = run_script(tmp_path, version)
    assert status == (version != "v5.2.2")
    assert ("This is ESP-IDF ESP-IDF v5.4; v5.2.2 (3b8741b1" in output) == (version != "v5.2.2")


@pytest.mark.parametrize("right", [True, False])
def test_esp_idf_is_checked_by_its_commit(tmp_path, right):
    commit = firmware.read_lock()["esp-idf"].commit if right else "f" * 40
    assert run_script(tmp_path, "v5.2.2", commit)[0] == (not right)


def test_script_sets_name_and_version():
    lines = "\n".join(firmware.script("cam", "1.2.3", firmware.read_lock()["esp-idf"]))
    assert '-D PRODUCT_NAME="cam"' in lines and '-D PRODUCT_VERSION="1.2.3"' in lines


def test_clones_are_checked_out_at_their_commits(tmp_path):
    ran = []
    source = firmware.Source("micropython", "https://example.org/m.git", "abc1234", "v1.0.0")
    firmware.fetch(source, tmp_path, ran.append)
    assert [line[:2] for line in ran] == [["git", "clone"], ["git", "-C"]]
    assert ran[1][-1] == "abc1234"
    (tmp_path / "micropython").mkdir()
    firmware.fetch(source, tmp_path, ran.append)
    assert [line[3] for line in ran[2:]] == ["fetch", "checkout"]


def test_failed_fetch(tmp_path):
    def fail(line):
        raise subprocess.CalledProcessError(128, line)

    source = firmware.Source("micropython", "https://x/m.git", "abc1234", "v1.0.0")
    with pytest.raises(firmware.BuildError, match="micropython abc1234 could not be fetched"):
        firmware.fetch(source, tmp_path, fail)


@pytest.fixture
def out(tmp_path, monkeypatch):
    """Create the files of a build and return {part: path}."""
    monkeypatch.setattr(firmware, "ROOT", tmp_path)
    monkeypatch.setattr(firmware, "WORK", tmp_path)
    monkeypatch.setattr(firmware, "OUT", tmp_path / "out")
    app = image("1.2.3", "cam", 256 * KB)
    found = {name: path for name, (_, path, _) in zip("boot table otadata app".split(),
                                                      firmware.parts("cam"))}  # fmt: skip
    for data, path in zip((bootloader(), table(), b"\xff" * 0x2000, app), found.values()):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return found


def test_parts_are_merged_into_two_files(out, tmp_path):
    lines = []
    firmware.merge("cam", "1.2.3", lines.append)
    found = wholeimage.read((tmp_path / "cam-1.2.3.bin").read_bytes())
    assert (found.offset, found.project, found.version) == (0, "cam", "1.2.3")
    assert (tmp_path / "cam-1.2.3.app-bin").read_bytes() == out["app"].read_bytes()
    assert lines == ["1,376,256 of 1,638,400 bytes of a slot are free"]


def test_little_room_in_the_slot(out):
    lines = []
    out["app"].write_bytes(image("1.2.3", "cam", 0x190000 - 100 * KB + 16))
    firmware.merge("cam", "1.2.3", lines.append)
    assert lines[0].startswith("102,384 of")
    assert lines[1].startswith("That is less than the 102,400")


@pytest.mark.parametrize(("part", "most"), [("boot", 0x7000), ("app", 0x190000)])
def test_part_that_is_too_large(out, part, most):
    out[part].write_bytes(bytes(most + 1))
    with pytest.raises(firmware.BuildError, match=f"{most + 1:,} bytes, but only {most:,} fit"):
        firmware.merge("cam", "1.2.3")


@pytest.mark.parametrize("engine", [None, "here", "docker"])
def test_dry_run(monkeypatch, engine):
    """Without a toolchain or network, lists each step, file and limit and runs nothing."""

    def forbidden(*args, **kwargs):
        raise AssertionError(f"a dry run does not run {args}")

    for name in ("Popen", "check_call", "run"):
        monkeypatch.setattr(subprocess, name, forbidden)
    lines = []
    firmware.build(True, lambda: engine, lines.append)
    printed = "\n".join(lines)
    assert [line[:3] for line in lines if line[0] != " "] == [f"{n}/5" for n in range(1, 6)]
    modules, _ = freezing.read_manifest()
    for expected in (
        *(module.path.relative_to(ROOT).as_posix() for module in modules),
        *(path.relative_to(ROOT).as_posix() for path in HERE.iterdir() if path.suffix in
          (".txt", ".cmake", ".h", ".board")),
        *(source.commit for source in firmware.read_lock().values()),
        "at most 1,638,400 bytes", "at most 28,672 bytes", "102,400 bytes should stay free",
        "build/firmware/web/", f"build/firmware/{STEM}.bin", f"build/firmware/{STEM}.app-bin",
        {None: "with docker or podman", "here": "Build here", "docker": "with docker"}[engine],
    ):  # fmt: skip
        assert expected in printed


def test_no_engine(monkeypatch):
    monkeypatch.setattr(firmware, "steps", lambda engine: pytest.fail("a step was started"))
    with pytest.raises(firmware.BuildError, match="nor a running container engine"):
        firmware.build(engine=lambda: None)


def test_failed_step_ends_the_build(monkeypatch):
    def fail():
        raise subprocess.CalledProcessError(2, ["idf.py"])

    def never():
        pytest.fail("a step ran after the failed one")

    made = [firmware.Step("Build", [], fail), firmware.Step("Merge", [], never)]
    monkeypatch.setattr(firmware, "steps", lambda engine: made)
    lines = []
    with pytest.raises(firmware.BuildError, match="this step failed"):
        firmware.build(engine=lambda: "here", say=lines.append)
    assert lines == ["1/2 Build"]
