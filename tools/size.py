"""List the size of each module: bytes of bytecode in flash, and of heap once it is imported.

    .venv/bin/python tools/size.py [--check]

The heap is measured as on the chip: 32-bit words, code in ROM (tools/boardmemory.py). Without a
32-bit interpreter only the bytecode is measured. `--check` prints only the sums that exceed their
limits (exit status 1 then).
"""

import ast
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import boardmemory
import interpreter32
from compile import MIRROR, compile_all

ROOT = Path(__file__).resolve().parent.parent
MOST_BYTECODE = 328_000  # bytes
MOST_HEAP = 196_000  # bytes, with everything imported

_PROGRAM = """
import gc, micropython
for name in {silicon}:
    __import__(name)
for name in ["start"] + {names}:
    if name != "start":
        __import__(name)
    gc.collect()
    print("size", name, gc.mem_alloc())
    micropython.qstr_info()
"""
# C modules of the firmware, and asyncio, which the simulated board itself imports in part
_SILICON = "asyncio asyncio.stream asyncio.lock json socket time machine network esp32 camera ssl"
_ROOTS = ("config", "aio", "proto", "hal", "app", "microdot", "umqtt")


def main(arguments):
    compile_all()
    files = {_module(path): path.stat().st_size for path in (MIRROR / "root").rglob("*.mpy")}
    files = {name: size for name, size in files.items() if name.split(".")[0] in _ROOTS}
    names = []
    for name in sorted(files):
        _order(name, names)
    try:
        heap = _measure(names, str(interpreter32.fetch()))
    except interpreter32.Unavailable as error:
        print(f"size: heap not measured: {error}")
        heap = {}
    found = (
        ("bytecode", sum(files.values()), MOST_BYTECODE),
        ("heap", sum(heap.values()), MOST_HEAP),
    )
    if "--check" not in arguments:
        print(f"{'module':32}{'bytecode':>10}{'heap':>10}")
        for name in names:
            print(f"{name:32}{files[name]:10,}{heap.get(name, 0):10,}")
        print("".join([f"{'sum':32}", *(f"{size:10,}" for _, size, _ in found)]))
        print("".join([f"{'limit':32}", *(f"{most:10,}" for *_, most in found)]))
    over = [row for row in found if row[1] > row[2]]
    for what, size, most in over:
        print(f"size: {size:,} bytes of {what} with everything imported; the limit is {most:,}")
    return 1 if over else 0


def _module(path):
    parts = list(path.relative_to(MIRROR / "root").with_suffix("").parts)
    parts = parts[1:] if parts[0] == "lib" else parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _order(name, done):
    """Append module `name` to `done`, after the modules that it imports at its top level."""
    path = _source(name)
    if path and name not in done:
        done.append(name)  # ends cycles
        for node in ast.parse(path.read_text()).body:
            for imported in _imported(node):
                _order(imported, done)
        done.remove(name)
        done.append(name)


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


def _measure(names, interpreter):
    """Return {module: bytes of heap}, measured on the simulated board."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "program.py"
        program.write_text(_PROGRAM.format(silicon=_SILICON.split(), names=names))
        line = [sys.executable, str(ROOT / "tools/sim/run.py"), "--run", str(program), "--quiet"]
        line += ["--state", folder + "/state", "--fast", "--rom", "--micropython", interpreter]
        line += [f"--{port}-port=0" for port in ("http", "telnet", "dns", "control")]
        done = subprocess.run(line, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    rows = re.findall(r"^size (.*) (\d+)\n(qstr .*)$", done.stdout, re.MULTILINE)
    if [name for name, *_ in rows] != ["start", *names]:
        sys.exit(f"size: the program failed:\n{done.stdout}{done.stderr}")
    used = [int(size) - boardmemory.names(info) for _, size, info in rows]
    return {name: after - before for name, before, after in zip(names, used, used[1:])}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
