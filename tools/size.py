"""What each module costs: bytes of its bytecode, and of the heap once it is imported.

    .venv/bin/python tools/size.py [--check]

The heap is that of the PC's interpreter: with 64 bits, unless MICROPYTHON names another (with 32
the same modules take 69 % of it). Modules that stay come first, then those
that are borrowed (lib/aio/late.py): their heap is given back after the work, so only the bytecode
of those counts. A step of MicroPython's table of names (up to 14 KB) falls to whoever takes it.
`--check` says nothing unless a sum is over its ceiling (exit status 1 then).
"""

import ast
import subprocess
import sys
import tempfile
from pathlib import Path

from compile import MIRROR, compile_all

ROOT = Path(__file__).resolve().parent.parent
MOST_HEAP = 165_000  # bytes, of what stays
MOST_BYTECODE = 175_000  # bytes, of all

_PROGRAM = """
import gc, sys
for name in {own}:
    __import__(name)
for name in {names}:
    gc.collect()
    before = gc.mem_alloc()
    __import__(name)
    gc.collect()
    print("size", name, gc.mem_alloc() - before)
"""
_OWN = "asyncio asyncio.stream asyncio.lock json socket time machine network esp32 camera ssl"
_ROOTS = ("config", "aio", "proto", "hal", "app", "microdot", "umqtt")
_START = ("app.system", "hal.sensor.api")  # import all that stays; the former does not stay itself


def main(arguments):
    compile_all()
    files = {_module(path): path.stat().st_size for path in (MIRROR / "root").rglob("*.mpy")}
    files = {name: size for name, size in files.items() if name.split(".")[0] in _ROOTS}
    stays = []
    for name in _START:
        _order(name, stays)
    stays.remove(_START[0])
    heap = _measure(stays)
    bytecode, staying = sum(files.values()), sum(heap.values())
    if "--check" not in arguments:
        for name in stays:
            print(f"{name:32}{files.get(name, 0):8,}{heap[name]:10,}")
        for name in sorted(set(files) - set(stays)):
            print(f"{name:32}{files[name]:8,}  borrowed")
        print(f"{'in all':32}{bytecode:8,}{staying:10,}")
        print(f"{'at most':32}{MOST_BYTECODE:8,}{MOST_HEAP:10,}")
    if bytecode > MOST_BYTECODE or staying > MOST_HEAP:
        print(f"size: {bytecode:,} bytes of bytecode (at most {MOST_BYTECODE:,}),")
        print(f"      {staying:,} bytes of heap after import (at most {MOST_HEAP:,})")
        return 1
    return 0


def _module(path):
    parts = list(path.relative_to(MIRROR / "root").with_suffix("").parts)
    parts = parts[1:] if parts[0] == "lib" else parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _order(name, done):
    """Module `name` and what it imports at its top level, deepest first."""
    path = _source(name)
    if path and name not in done:
        done.append(name)  # so that circles end
        for node in ast.parse(path.read_text()).body:
            for each in _imported(node):
                _order(each, done)
        done.remove(name)
        done.append(name)
    return done


def _imported(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


def _source(name):
    for folder in ("lib", "build/lib", "."):
        base = ROOT / folder / name.replace(".", "/")
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if name.split(".")[0] in _ROOTS and path.exists():
                return path
    return None


def _measure(names):
    """{module: bytes of heap} on the simulated board."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "program.py"
        program.write_text(_PROGRAM.format(own=_OWN.split(), names=names))
        line = [sys.executable, str(ROOT / "tools/sim/run.py"), "--run", str(program), "--quiet"]
        line += ["--state", folder + "/state", "--fast"]
        line += [f"--{port}-port=0" for port in ("http", "telnet", "dns", "control")]
        done = subprocess.run(line, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    rows = [row.split()[1:] for row in done.stdout.splitlines() if row.startswith("size ")]
    if [name for name, _ in rows] != names:
        sys.exit(f"size: the program failed:\n{done.stdout}{done.stderr}")
    return {name: int(size) for name, size in rows}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
