"""Install the programs that tests/hubs runs the camera with; `make hubs` starts it.

Home Assistant, Node-RED and OpenCV are installed into build/hubs/, the others by apt-get. Home
Assistant needs Python 3.13, which is searched on the PATH and among pyenv's versions. What cannot
be installed is printed, and fails the tests that need it.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import debian
import npm_packages

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "config" / "hubs"
FOLDER = ROOT / "build" / "hubs"
_PROGRAMS = {  # those that apt-get does not install
    "hass": FOLDER / "homeassistant" / "bin" / "hass",
    "node-red": FOLDER / "node-red" / "node_modules" / "node-red" / "red.js",
    "opencv": FOLDER / "opencv" / "bin" / "python",
}


class InstallError(Exception):
    """Something cannot be installed; the text says what to do."""


def program(name):
    """Return the path of a program; raises InstallError."""
    path = _PROGRAMS.get(name) or debian.which(name)
    if path and Path(path).exists():
        return str(path)
    packages = [row[0] for row in debian.HUBS if row[1] == name]
    by_hand = "apt-get install " + packages[0] if packages else "make hubs"
    raise InstallError(f"{name} is missing; install it: {by_hand}")


def say(text):
    """Print one line of progress."""
    print("hubs:", text, flush=True)


def install():
    """Install what is missing or has another version; say what cannot be installed."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    debian.install_tools(say, FOLDER / "apt-failed", debian.HUBS)
    for step in (home_assistant, _opencv, _node_red):
        try:
            step()
        except (InstallError, subprocess.CalledProcessError) as error:
            say(str(error))


def home_assistant():
    """Install Home Assistant if it is missing; raises InstallError."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        _venv("homeassistant", _python_313)
    except subprocess.CalledProcessError:
        raise InstallError("pip could not install Home Assistant; see its message above") from None


def _opencv():
    _venv("opencv", lambda: sys.executable)


def _venv(name, python):
    """Update a virtual environment; `python` returns the interpreter for a new one."""
    requirements = CONFIG / f"{name}.txt"
    if _is_current(name, requirements):
        return
    say(f"installing {name} (takes some minutes)")
    folder = FOLDER / name
    subprocess.run([python(), "-m", "venv", "--clear", folder], check=True)
    pip = [folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, "--quiet", "--requirement", requirements], check=True)
    _stamp(name).write_text(requirements.read_text())


def _python_313():
    found = shutil.which("python3.13")
    if found and subprocess.run([found, "--version"], capture_output=True).returncode == 0:
        return found
    for path in sorted(Path.home().glob(".pyenv/versions/3.13*/bin/python3.13")):
        return str(path)
    raise InstallError("Home Assistant needs Python 3.13: python3.13 is not on the PATH")


def _node_red():
    lock = CONFIG / "package-lock.json"
    if _is_current("node-red", lock):
        return
    say("installing node-red (takes a minute)")
    if npm_packages.install(CONFIG, FOLDER / "node-red"):
        raise InstallError("npm could not install Node-RED; see its message above")
    _stamp("node-red").write_text(lock.read_text())


def _is_current(name, wanted):
    stamp = _stamp(name)
    return stamp.exists() and stamp.read_text() == wanted.read_text()


def _stamp(name):
    return FOLDER / f"{name}.stamp"


if __name__ == "__main__":
    install()
