"""Makes the pages of lib/www a module, for a firmware image that has everything frozen.

    .venv/bin/python tools/frozenpages.py FILE.py

So an update with such an image brings its own pages. What is frozen is read from the flash and
takes no heap; the module's FILES are {name: bytes}, each as the board keeps it (tools/compile.py).
"""

import sys
from pathlib import Path

import compile as compiler

_WWW = "root/lib/www/"


def pages():
    """{name: bytes} of all pages."""
    found = {}
    for src, place in compiler.sources():
        if place.startswith(_WWW):
            data = Path(src).read_bytes()
            packed = compiler.packed(data) if place.endswith(".gz") else data
            found[place.removeprefix(_WWW)] = packed
    return found


def source():
    """The module's text."""
    rows = "".join(f"    {name!r}: {data!r},\n" for name, data in sorted(pages().items()))
    return f"FILES = {{\n{rows}}}\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(source())
