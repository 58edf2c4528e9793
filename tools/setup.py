"""Prepare everything that the other tools need; do nothing if it is up to date.

    python3 tools/setup.py

Creates .venv, installs config/requirements.txt into it, fetches the board's third-party modules
and the npm packages into build/, and installs a few Debian packages if permitted. It runs with the
system's python3 before anything is installed, so it imports only the standard library.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys

import debian
import interpreter

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
BUILD = os.path.join(ROOT, "build")
PYTHON = os.path.join(VENV, "bin", "python")
REQUIREMENTS = os.path.join(ROOT, "config", "requirements.txt")
LOCK = os.path.join(ROOT, "config", "device-packages.lock")
VENV_STAMP = os.path.join(VENV, "requirements.stamp")
NPM_LOCK = os.path.join(ROOT, "config", "web-installer", "package-lock.json")
LIB_STAMP = os.path.join(BUILD, "device-packages.stamp")
NPM_STAMP = os.path.join(BUILD, "npm.stamp")
NPM_FAILED = os.path.join(BUILD, "npm-failed")


def say(text):
    """Print one line of progress."""
    print("setup:", text, flush=True)


def stamp(path):
    """Return a line that identifies a file's content, this Python and this checkout's path."""
    with open(path, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    return "%s %d.%d %s\n" % ((digest,) + sys.version_info[:2] + (ROOT,))


def read(path):
    """Return the content of a text file, or "" if it does not exist."""
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def write(path, text):
    """Write a text file."""
    with open(path, "w") as file:
        file.write(text)


def make_venv():
    """Create .venv; an existing one is replaced."""
    if importlib.util.find_spec("ensurepip") is None:
        package = "python3.%d-venv" % sys.version_info[1]
        if not debian.install([package], say):
            sys.exit(
                "setup: this Python cannot create virtual environments. Install its venv module "
                "(Debian, Ubuntu: apt-get install %s), then try again." % package
            )
    say("creating .venv")
    if subprocess.call([sys.executable, "-m", "venv", "--clear", VENV]):
        sys.exit("setup: `%s -m venv` failed; see its message above." % sys.executable)


def install_requirements():
    """Create or update .venv if config/requirements.txt, Python or the path has changed."""
    wanted = stamp(REQUIREMENTS)
    found = read(VENV_STAMP)
    if found == wanted and os.path.exists(PYTHON):
        return
    if not os.path.exists(PYTHON) or found.split()[1:] != wanted.split()[1:]:
        make_venv()
    say("installing Python packages into .venv (takes a minute)")
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    if subprocess.call(pip + ["--prefer-binary", "-r", REQUIREMENTS]):
        sys.exit(
            "setup: pip could not install config/requirements.txt; see its message above. "
            "Is the network (or the proxy) up? Then run `make setup` again."
        )
    write(VENV_STAMP, wanted)


def fetch_device_packages():
    """Update build/lib, build/test-lib and build/mpy-tool from config/device-packages.lock."""
    wanted = stamp(LOCK)
    if read(LIB_STAMP) == wanted:
        return
    for folder in ("lib", "test-lib", "mpy-tool"):
        shutil.rmtree(os.path.join(BUILD, folder), ignore_errors=True)
    if subprocess.call([PYTHON, os.path.join(ROOT, "tools", "device_packages.py")]):
        sys.exit(
            "setup: the board's modules could not be fetched; see the reason above. "
            "Is the network (or the proxy) up? Then run `make setup` again."
        )
    write(LIB_STAMP, wanted)


def fetch_npm_packages():
    """Update build/npm from config/web-installer/package-lock.json; say so if that fails.

    After a failure, which takes npm more than a minute, the next try is an hour later.
    """
    wanted = stamp(NPM_LOCK)
    if read(NPM_STAMP) == wanted:
        return
    if debian.age_s(NPM_FAILED) > debian.RETRY_S:
        if not subprocess.call([PYTHON, os.path.join(ROOT, "tools", "npm_packages.py")]):
            write(NPM_STAMP, wanted)
            return
        write(NPM_FAILED, wanted)
    say(
        "npm packages are missing; only the web installer and a few tests need them; to "
        "try again: rm build/npm-failed && make setup"
    )


def main():
    """Prepare everything; exit with 1 and a message if something cannot be installed."""
    if sys.version_info < (3, 10):  # noqa: UP036 - an older one may start this
        sys.exit("setup: Python 3.10 or newer is needed; this is " + sys.version.split()[0])
    os.makedirs(BUILD, exist_ok=True)
    with open(os.path.join(BUILD, "setup.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another setup may be running
        install_requirements()
        fetch_device_packages()
        fetch_npm_packages()
        debian.install_tools(say, os.path.join(BUILD, "apt-failed"))
    if not interpreter.find():
        say(interpreter.HOW_TO_GET_ONE)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nsetup: interrupted; run it again to continue")
