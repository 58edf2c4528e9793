"""Run the MicroPython programs of tools/bench/board on the firmware's bytecode."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

from interpreter import HOW_TO_GET_ONE, find
from mirror import mirror_for

ROOT = Path(__file__).resolve().parent.parent.parent
BOARD = Path(__file__).resolve().parent / "board"


class Failed(Exception):
    """A measurement has failed; the text is for people."""


def prepare():
    """Update the bytecode; exit if there is no interpreter that can load it."""
    path = find() or sys.exit("bench: " + HOW_TO_GET_ONE)
    mirror_for(path) or sys.exit(f"bench: {path} cannot load bytecode of the compiler in .venv")


@contextlib.contextmanager
def started(name, heap="2M", path=(), **arguments):
    """Start board/<name>.py with keyword arguments; the process ends with the block.

    `heap` is the size of MicroPython's heap, in bytes or with K or M. `path` are the folders that
    its imports search first.
    """
    root = mirror_for(find()) / "root"
    modules = [*path, BOARD, root, ".frozen", root / "lib"]
    process = subprocess.Popen(
        [find(), "-X", "heapsize=" + heap, str(BOARD / (name + ".py")), json.dumps(arguments)],
        env={**os.environ, "MICROPYPATH": ":".join(map(str, modules))},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def results(name, limit_s=60, **arguments):
    """Run a program to its end and return the objects that it prints; raise Failed."""
    with started(name, **arguments) as process:
        try:
            output, errors = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            process.kill()
            output, errors = process.communicate()
            raise Failed(f"{name} did not end within {limit_s} s\n{output}{errors}") from None
    found = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    if process.returncode or not found:
        raise Failed(f"{name} failed\n{output}{errors}")
    return found
