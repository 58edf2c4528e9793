"""Brings a MicroPython of 32 bits, as the chip has them: Debian's, unpacked into build/.

    .venv/bin/python tools/interpreter32.py     prints its path

Nothing is installed. apt fetches and verifies the package and the libraries that it needs, from
the mirror that it has; its lists and its idea of what is installed are folders of build/. Needs
Debian on x86-64.
"""

import shutil
import subprocess
import sys
from pathlib import Path

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
    if not PROGRAM.exists():
        _unpack(_fetched(_mirror()))
        PROGRAM.write_text(START)
        PROGRAM.chmod(0o755)
    if _bits() != "32":
        PROGRAM.unlink()
        raise NotHere("the 32-bit MicroPython does not run here: x86-64 with Linux is needed")
    return PROGRAM


def _bits():
    code = "import sys; print(32 if sys.maxsize < 1 << 32 else 64)"
    try:
        return _output([PROGRAM, "-c", code]).strip()
    except NotHere:
        return ""


def _mirror():
    """The address of Debian's archive that this machine uses."""
    for line in _output(["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)"]).split(
        "\n"
    ):
        origin, _, address = line.partition(" ")
        if origin == "Debian" and "security" not in address:
            return address
    raise NotHere("apt on this machine has no archive of Debian's")


def _fetched(mirror):
    """Paths of the packages: MicroPython's, and those that it depends on."""
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
