"""Runs boot.py and main.py as the ESP32 firmware does; the runner starts the interpreter on this.

Arguments: the folder of the board's programs, and for a test the program to run instead of them.
With `--mount` first the folder becomes the whole file system, and nothing else is seen of the PC.
The variable SIM_ROM names a ROM image: it is mounted at /rom, where the path leads to then.
"""

import sys
from os import chdir, getenv, ilistdir, mount, stat, umount

_FOLDER = 0x4000
_PROT_READ, _MAP_PRIVATE = 1, 2


def _mapped(path):
    """Return a file as memory outside the heap, which is how a chip sees its flash."""
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

import repl  # noqa: E402 - found on the path above


def _mount(folder):
    """Load what the chip has built in or frozen, then see the board's files alone."""
    *built_in, frozen = sys.path
    for place in built_in:
        for name, kind, *_ in list(ilistdir(place)):
            name = name.rpartition(".")[0]
            if kind != _FOLDER and name not in ("start", "repl", "files"):
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

    world.call("uart.interrupt", True)
    if program:
        world.call("board.exit", repl.run_file(program)[0])
        return
    raw = world.call("board.raw_repl")
    for name in ("/boot.py",) if raw else ("/boot.py", "/main.py"):
        if _exists(root + name) and repl.run_file(root + name)[1]:
            repl.soft_reset(raw)
    repl.serve(raw)


if sys.argv[1] == "--mount":
    _mount(sys.argv[2])
    main("", *sys.argv[3:])
else:
    main(*sys.argv[1:])
