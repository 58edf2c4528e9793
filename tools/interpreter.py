"""Find the MicroPython interpreter (unix port, 1.25 or newer) that runs firmware and tests."""

import os
import shutil

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HOW_TO_GET_ONE = (
    "the package index has no MicroPython for this machine. Put a `micropython` (unix port, 1.25 "
    "or newer; on Debian 13: apt-get install micropython) on the PATH, or pass its path: "
    "make run MICROPYTHON=/path/to/micropython"
)


def find():
    """Return the path of $MICROPYTHON, else of the one in .venv or on the PATH, or None."""
    own = os.path.join(ROOT, ".venv", "bin", "micropython")
    named = os.environ.get("MICROPYTHON")
    if named:
        return os.path.abspath(named) if os.sep in named else shutil.which(named)
    return own if os.access(own, os.X_OK) else shutil.which("micropython")
