"""tools/interpreter32.py with fake apt-get and dpkg-deb."""

import platform

import interpreter32
import pytest

APT = """#!/bin/sh
case "$*" in
*indextargets*) echo "Other http://other/"; echo "{origin} http://mirror/" ;;
*install*) for word; do case "$word" in Dir::Cache=*) cache="${{word#*=}}" ;; esac; done
    touch "$cache/archives/micropython.deb" ;;
esac
echo "$*" >> {log}
"""
DPKG = """#!/bin/sh
mkdir -p "$3/usr/lib"
printf '#!/bin/sh\\necho {bits}\\n' > "$3/usr/lib/ld-linux.so.2"
chmod +x "$3/usr/lib/ld-linux.so.2"
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Return a function that installs the fakes and returns the path of apt-get's log."""
    monkeypatch.setattr(interpreter32, "MACHINE", (platform.system(), platform.machine()))
    monkeypatch.setattr(interpreter32, "FOLDER", tmp_path / "build")
    monkeypatch.setattr(interpreter32, "PROGRAM", tmp_path / "build" / "micropython")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def make(origin="Debian", bits=32):
        log = tmp_path / "log"
        for name, text in (("apt-get", APT), ("dpkg-deb", DPKG)):
            (tmp_path / name).write_text(text.format(origin=origin, bits=bits, log=log))
            (tmp_path / name).chmod(0o755)
        return log

    return make


def test_fetched_once(machine):
    log = machine()
    path = interpreter32.fetch()
    assert path.exists() and not (path.parent / "apt").exists()
    fetched = log.read_text()
    assert "update" in fetched and "--download-only micropython" in fetched
    assert interpreter32.fetch() == path and log.read_text() == fetched


def test_interpreter_that_does_not_run_is_not_kept(machine):
    machine(bits=64)
    with pytest.raises(interpreter32.Unavailable, match="does not run on this"):
        interpreter32.fetch()
    assert not interpreter32.PROGRAM.exists()


def test_another_machine(machine, monkeypatch):
    log = machine()
    monkeypatch.setattr(interpreter32, "MACHINE", ("Linux", "pdp11"))
    with pytest.raises(interpreter32.Unavailable, match="Debian Linux on x86-64"):
        interpreter32.fetch()
    assert not log.exists()


def test_no_debian(machine):
    machine(origin="Else")
    with pytest.raises(interpreter32.Unavailable, match="no Debian mirror"):
        interpreter32.fetch()


def test_no_apt(machine, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(interpreter32.Unavailable, match="apt-get: "):
        interpreter32.fetch()
