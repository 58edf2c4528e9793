"""tools/setup.py: no questions, a message for each failure, and optional tools."""

import os

import debian
import interpreter
import pytest
import setup


@pytest.fixture
def printed():
    """Return the list of printed lines, whose `append` is passed as `say`."""
    return []


@pytest.fixture
def nothing_installed(monkeypatch):
    monkeypatch.setattr(debian, "which", lambda program: None)


def test_packages_that_cannot_be_installed_are_listed(
    printed, nothing_installed, monkeypatch, tmp_path
):
    tried = []
    monkeypatch.setattr(debian, "install", lambda packages, say: tried.append(packages))
    for _ in range(2):  # the second run does not wait for apt-get again
        debian.install_tools(printed.append, str(tmp_path / "failed"))
    packages = [package for package, _, _ in debian.APT]
    assert tried == [packages]
    assert printed.count("install by hand: apt-get install " + " ".join(packages)) == 2


def test_only_missing_packages_are_installed(printed, monkeypatch, tmp_path):
    tried = []
    monkeypatch.setattr(debian, "which", lambda program: program != "mosquitto_sub")
    monkeypatch.setattr(debian, "install", lambda packages, say: not tried.append(packages))
    debian.install_tools(printed.append, str(tmp_path / "failed"))
    assert tried == [["mosquitto-clients"]] and not printed


def test_without_root_nothing_is_installed(printed, monkeypatch):
    monkeypatch.setattr(debian, "_root_prefix", lambda: None)
    assert not debian.install(["mosquitto"], printed.append)


def test_without_npm_packages_all_but_the_web_installer_works(tmp_path, monkeypatch, capsys):
    tried, status = [], 1
    monkeypatch.setattr(setup, "NPM_STAMP", str(tmp_path / "stamp"))
    monkeypatch.setattr(setup, "NPM_FAILED", str(tmp_path / "failed"))
    monkeypatch.setattr(setup.subprocess, "call", lambda line: tried.append(line) or status)
    for _ in range(2):  # the second run does not wait for npm again
        setup.fetch_npm_packages()
    assert len(tried) == 1
    assert capsys.readouterr().out.count("a few tests need them; to try again: rm ") == 2
    (tmp_path / "failed").unlink()
    status = 0
    for _ in range(2):
        setup.fetch_npm_packages()
    assert len(tried) == 2 and not capsys.readouterr().out


def test_python_without_venv(monkeypatch):
    monkeypatch.setattr(setup.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(debian, "install", lambda packages, say: False)
    with pytest.raises(SystemExit, match=r"apt-get install python3\.\d+-venv"):
        setup.make_venv()


def test_changed_file_has_another_stamp(tmp_path):
    path = tmp_path / "requirements.txt"
    path.write_text("a==1\n")
    first = setup.stamp(path)
    path.write_text("a==2\n")
    assert setup.stamp(path) != first and first.endswith("\n")


def test_given_interpreter_takes_precedence(monkeypatch, tmp_path):
    program = tmp_path / "micropython"
    program.write_text("")
    program.chmod(0o755)
    monkeypatch.setenv("MICROPYTHON", str(program))
    assert interpreter.find() == str(program)
    monkeypatch.delenv("MICROPYTHON")
    monkeypatch.setattr(interpreter, "ROOT", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin")
    assert interpreter.find() == str(program)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert interpreter.find() is None


def test_pure_modules_of_the_firmware_can_be_imported_on_the_pc():
    from app.settings import schema

    assert schema.NAMESPACE == "syscfg"
