"""Fetch a MicroPython with 32-bit words, like the chip's: Debian's, unpacked into build/.

    .venv/bin/python tools/interpreter32.py     prints its path

Nothing is installed. apt downloads and verifies the package and its libraries from the mirror that
this PC uses, with package lists and a status file of its own in build/.
"""

import fcntl
import platform
import shutil
import subprocess
import sys
from pathlib import Path

MACHINE = ("Linux", "x86_64")
FOLDER = Path(__file__).resolve().parent.parent / "build" / "micropython32"
PROGRAM = FOLDER / "micropython"
RELEASE = "trixie"  # the first Debian release whose MicroPython can run the firmware
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
START = """#!/bin/sh
root="$(dirname "$(readlink -f "$0")")/root/usr"
exec "$root/lib/ld-linux.so.2" --library-path "$root/lib/i386-linux-gnu" \\
    "$root/bin/micropython" "$@"
"""


class Unavailable(Exception):
    """This machine cannot run one; the text is for people."""


def fetch():
    """Return the program's path, fetching it first if needed; raise Unavailable."""
    if (platform.system(), platform.machine()) != MACHINE:
        raise Unavailable("a 32-bit MicroPython needs Debian Linux on x86-64")
    FOLDER.parent.mkdir(exist_ok=True)
    with open(f"{FOLDER}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another process may be fetching it
        if not PROGRAM.exists():
            _unpack(_download(_mirror()))
            PROGRAM.write_text(START)
            PROGRAM.chmod(0o755)
        if _bits() != "32":
            PROGRAM.unlink()
            raise Unavailable("the 32-bit MicroPython does not run on this machine")
    return PROGRAM


def _bits():
    code = "import sys; print(32 if sys.maxsize < 1 << 32 else 64)"
    try:
        return _output([PROGRAM, "-c", code]).strip()
    except Unavailable:
        return ""


def _mirror():
    """Return the URL of the Debian mirror that this machine uses."""
    for line in _output(["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)"]).split(
        "\n"
    ):
        origin, _, address = line.partition(" ")
        if origin == "Debian" and "security" not in address:
            return address
    raise Unavailable("a 32-bit MicroPython needs Debian, but apt has no Debian mirror here")


def _download(mirror):
    """Return the paths of the packages: MicroPython and its dependencies."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    apt = FOLDER / "apt"
    for name in ("state/lists/partial", "cache/archives/partial"):
        (apt / name).mkdir(parents=True)
    (apt / "status").touch()
    (apt / "sources").write_text(f"deb [arch=i386 signed-by={KEYRING}] {mirror} {RELEASE} main\n")
    options = {
        "Dir::State": apt / "state",
        "Dir::State::status": apt / "status",
        "Dir::Cache": apt / "cache",
        "Dir::Etc::sourcelist": apt / "sources",
        "Dir::Etc::sourceparts": "-",
        "APT::Architecture": "i386",
        "APT::Architectures::": "i386",
        "APT::Sandbox::User": "root",
        "Acquire::http::Timeout": 20,  # seconds
    }
    get = [
        "apt-get",
        "-qq",
        *(part for pair in options.items() for part in ("-o", "=".join(map(str, pair)))),
    ]
    _output([*get, "update"])
    _output([*get, "install", "-y", "--no-install-recommends", "--download-only", "micropython"])
    return sorted((apt / "cache" / "archives").glob("*.deb"))


def _unpack(packages):
    for package in packages:
        _output(["dpkg-deb", "--extract", package, FOLDER / "root"])
    shutil.rmtree(FOLDER / "apt")


def _output(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{command[0]}: {error}") from None
    if done.returncode:
        raise Unavailable(f"{command[0]} failed: {done.stderr.strip()[-500:]}")
    return done.stdout


if __name__ == "__main__":
    try:
        print(fetch())
    except Unavailable as error:
        sys.exit(f"interpreter32: {error}")
