"""Turn the pages of lib/www into a module, to be frozen into the firmware image.

    .venv/bin/python tools/frozenpages.py FILE.py

An update of the image then brings its own pages, which take no heap. FILES of the module is
{name: bytes}, with the bytes that the board's file system would hold (tools/compile.py).
"""

import sys
from pathlib import Path

import compile as compiler

_WWW = "root/lib/www/"


def pages():
    """Return all pages as {name: bytes}."""
    found = {}
    for src, place in compiler.sources():
        if place.startswith(_WWW):
            data = compiler.content(src)
            packed = compiler.packed(data) if place.endswith(".gz") else data
            found[place.removeprefix(_WWW)] = packed
    return found


def source():
    """Return the source of the module."""
    rows = "".join(f"    {name!r}: {data!r},\n" for name, data in sorted(pages().items()))
    return f"FILES = {{\n{rows}}}\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(source())
