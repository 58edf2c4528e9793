"""tools/hubs.py: what cannot be installed is named and stops nothing else; packages are pinned."""

import json

import debian
import hubs
import pytest


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(hubs, "FOLDER", tmp_path)
    monkeypatch.setattr(hubs, "_PROGRAMS", {"hass": tmp_path / "hass"})
    monkeypatch.setattr(debian, "install_tools", lambda *_: None)
    return tmp_path


def test_missing_program_is_named_with_the_command_that_installs_it(folder, monkeypatch):
    monkeypatch.setattr(debian, "which", lambda name: None)
    for name, by_hand in (("hass", "make hubs"), ("cvlc", "apt-get install vlc-bin vlc-plugin")):
        with pytest.raises(hubs.InstallError, match=f"{name} is missing; install it: {by_hand}"):
            hubs.program(name)
    (folder / "hass").touch()
    assert hubs.program("hass") == str(folder / "hass")


def test_one_that_cannot_be_installed_does_not_stop_the_others(folder, monkeypatch, capsys):
    made = []
    monkeypatch.setattr(hubs, "_python_313", _no_python)
    monkeypatch.setattr(hubs.subprocess, "run", lambda line, check: made.append(line))
    monkeypatch.setattr(hubs.npm_packages, "install", lambda config, folder: 1)
    hubs.install()
    assert [str(line[0]).rpartition("/")[2][:6] for line in made] == ["python"] * 2
    printed = capsys.readouterr().out
    assert "hubs: no Python" in printed and "npm could not install Node-RED" in printed
    assert {path.name for path in folder.glob("*.stamp")} == {"opencv.stamp"}


def _no_python():
    raise hubs.InstallError("no Python")


def test_what_is_current_is_not_installed_again(folder, monkeypatch):
    monkeypatch.setattr(hubs, "_python_313", lambda: "python3.13")
    monkeypatch.setattr(hubs.subprocess, "run", lambda line, check: None)
    monkeypatch.setattr(hubs.npm_packages, "install", lambda config, folder: 0)
    hubs.install()
    failing = pytest.fail
    monkeypatch.setattr(hubs.subprocess, "run", lambda line, check: failing(str(line)))
    monkeypatch.setattr(hubs.npm_packages, "install", lambda config, folder: failing("npm"))
    hubs.install()


def test_versions_are_pinned_without_addresses():
    packages = json.loads((hubs.CONFIG / "package-lock.json").read_text())["packages"]
    wanted = json.loads((hubs.CONFIG / "package.json").read_text())["dependencies"]
    assert packages.pop("")["dependencies"] == wanted
    for name, row in packages.items():  # what is bundled has its package's digest
        assert "resolved" not in row and ("integrity" in row or row.get("inBundle")), name
    for path in hubs.CONFIG.glob("*.txt"):
        lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
        assert lines and all("==" in line for line in lines), path.name
