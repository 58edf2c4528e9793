"""Run boot.py and main.py like the ESP32 firmware; the runner starts the interpreter with this.

Arguments: the folder of the board's programs, and optionally a program to run instead of them.
After `--mount`, the folder becomes the whole file system and hides the PC's files. The variable
SIM_ROM names a ROM image, which is mounted at /rom; the import path then points there.
"""

import sys
from os import chdir, getenv, ilistdir, mount, stat, umount

_FOLDER = 0x4000
_PROT_READ, _MAP_PRIVATE = 1, 2


def _mapped(path):
    """Map a file into memory outside the heap, like the flash of a chip."""
    import ffi
    from uctypes import bytearray_at

    size = stat(path)[6]
    mmap = ffi.open(None).func("p", "mmap", "pLiiil")
    with open(path, "rb") as file:
        return bytearray_at(mmap(None, size, _PROT_READ, _MAP_PRIVATE, file.fileno(), 0), size)


if getenv("SIM_ROM"):
    from vfs import VfsRom

    mount(VfsRom(_mapped(getenv("SIM_ROM"))), "/rom")
sys.path[:] = getenv("MICROPYPATH").split(":")

import builtin  # noqa: E402 - needs the path set above

builtin.install()

import repl  # noqa: E402


def _mount(folder):
    """Import the built-in and frozen modules, then mount the board's files as the root."""
    *built_in, frozen = sys.path
    for place in built_in:
        for name, kind, *_ in list(ilistdir(place)):
            name = name.rpartition(".")[0]
            if kind != _FOLDER and name not in ("start", "builtin", "repl", "files"):
                __import__(name)
    for package, *_ in list(ilistdir(frozen)):
        for name, *_ in list(ilistdir(frozen + "/" + package)):
            __import__(package + "." + name.rpartition(".")[0])
    import files

    umount("/")
    mount(files.Files(folder), "/")
    chdir("/")
    sys.path[:] = ["", ".frozen", "/lib"]


def _exists(path):
    try:
        stat(path)
    except OSError:
        return False
    return True


def main(root, program=None):
    import world

    world.call("uart.interrupt", -1)  # input now arrives; programs enable the interrupt
    if program:
        world.call("board.exit", repl.run_file(program)[0])
        return
    raw = world.call("board.raw_repl")
    for name in ("/boot.py",) if raw else ("/boot.py", "/main.py"):
        status, soft_reset = repl.run_file(root + name) if _exists(root + name) else (0, False)
        if soft_reset:
            repl.soft_reset(raw)
        if status:  # a failed boot.py: main.py does not run
            break
    repl.serve(raw)


if sys.argv[1] == "--mount":
    _mount(sys.argv[2])
    main("", *sys.argv[3:])
else:
    main(*sys.argv[1:])
