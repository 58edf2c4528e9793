"""Fetch a MicroPython with words of 32 bits, as the chip has: Debian's, unpacked into build/.

    .venv/bin/python tools/interpreter32.py     prints its path

Nothing is installed. apt fetches and verifies the package and the libraries that it needs from
the machine's own mirror; its lists and its record of what is installed are folders in build/.
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
RELEASE = "trixie"  # the first Debian with a MicroPython that runs the firmware
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
START = """#!/bin/sh
root="$(dirname "$(readlink -f "$0")")/root/usr"
exec "$root/lib/ld-linux.so.2" --library-path "$root/lib/i386-linux-gnu" \\
    "$root/bin/micropython" "$@"
"""


class NotHere(Exception):
    """This machine cannot have one; the text is for people."""


def bring():
    """Return the program's path; NotHere where it cannot be fetched or does not run."""
    if (platform.system(), platform.machine()) != MACHINE:
        raise NotHere("a 32-bit MicroPython needs Debian Linux on x86-64")
    FOLDER.parent.mkdir(exist_ok=True)
    with open(f"{FOLDER}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another process may be fetching it
        if not PROGRAM.exists():
            _unpack(_fetched(_mirror()))
            PROGRAM.write_text(START)
            PROGRAM.chmod(0o755)
        if _bits() != "32":
            PROGRAM.unlink()
            raise NotHere("the 32-bit MicroPython does not run on this machine")
    return PROGRAM


def _bits():
    code = "import sys; print(32 if sys.maxsize < 1 << 32 else 64)"
    try:
        return _output([PROGRAM, "-c", code]).strip()
    except NotHere:
        return ""


def _mirror():
    """Return the address of the Debian archive that this machine uses."""
    for line in _output(["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)"]).split(
        "\n"
    ):
        origin, _, address = line.partition(" ")
        if origin == "Debian" and "security" not in address:
            return address
    raise NotHere("a 32-bit MicroPython needs Debian: apt has no Debian archive here")


def _fetched(mirror):
    """Return the paths of the packages: MicroPython's, and those that it depends on."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    apt = FOLDER / "apt"
    for name in ("state/lists/partial", "cache/archives/partial"):
        (apt / name).mkdir(parents=True)
    (apt / "status").touch()
    (apt / "sources").write_text(f"deb [arch=i386 signed-by={KEYRING}] {mirror} {RELEASE} main\n")
    chosen = {
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
        *(part for pair in chosen.items() for part in ("-o", "=".join(map(str, pair)))),
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
        raise NotHere(f"{command[0]}: {error}") from None
    if done.returncode:
        raise NotHere(f"{command[0]} failed: {done.stderr.strip()[-500:]}")
    return done.stdout


if __name__ == "__main__":
    try:
        print(bring())
    except NotHere as error:
        sys.exit(f"interpreter32: {error}")
