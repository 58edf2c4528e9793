"""Install Home Assistant into build/hubs/ for the tests in tests/hubs; `make hubs` runs it.

Home Assistant needs Python 3.13, which is searched on the PATH and among pyenv's versions.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "hubs"
REQUIREMENTS = ROOT / "config" / "hubs" / "requirements.txt"
_STAMP = FOLDER / "requirements.stamp"


def programs():
    """Return {name: path} of the installed programs."""
    return {"hass": FOLDER / "homeassistant" / "bin" / "hass"}


def python():
    """Return the path of a Python 3.13; raises FileNotFoundError."""
    found = shutil.which("python3.13")
    if found and subprocess.run([found, "--version"], capture_output=True).returncode == 0:
        return found
    for path in sorted(Path.home().glob(".pyenv/versions/3.13*/bin/python3.13")):
        return str(path)
    raise FileNotFoundError("Home Assistant needs Python 3.13: python3.13 is not on the PATH")


def install():
    """Install what is missing, or what another version of the requirements needs."""
    wanted = REQUIREMENTS.read_text()
    if _STAMP.exists() and _STAMP.read_text() == wanted:
        return
    print("hubs: installing Home Assistant (takes some minutes)", flush=True)
    folder = FOLDER / "homeassistant"
    subprocess.run([python(), "-m", "venv", "--clear", folder], check=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "--requirement", REQUIREMENTS], check=True)
    _STAMP.write_text(wanted)


if __name__ == "__main__":
    try:
        install()
    except FileNotFoundError as error:
        sys.exit(f"hubs: {error}")
