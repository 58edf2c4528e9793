"""Run boot.py and main.py like the ESP32 firmware; the runner starts the interpreter with this.

The variable SIM_PLAN is a plan in JSON, made by the runner (firmware.py):
    mounts     {place: folder of the PC, or ROM image}, mounted read-only
    built_in   places of the modules that are C code or frozen on the chip
    path       sys.path at a reset
    roots      places in which boot.py and main.py are looked for, in this order
    program    path of a program to run instead, or null
    flash, reads, read_us   the flash chip's file, the descriptor that counts reads, time of one
    blank      true if only the board's file system is left once the modules are imported
"""

import gc
import json
import sys
from os import chdir, getenv, ilistdir, stat

from vfs import VfsLfs2, VfsPosix, VfsRom, mount, umount

_FOLDER = 0x4000
_PROT_READ, _MAP_PRIVATE = 1, 2
_BOOT = """# MicroPython runs this file at each start, before main.py.
# It is too long for the folder's own block, so that it takes a block of the file system, as the
# file that the chip's firmware creates.
"""


def _mapped(path):
    """Map a file into memory outside the heap, like the flash of a chip."""
    import ffi
    from uctypes import bytearray_at

    size = stat(path)[6]
    mmap = ffi.open(None).func("p", "mmap", "pLiiil")
    with open(path, "rb") as file:
        return bytearray_at(mmap(None, size, _PROT_READ, _MAP_PRIVATE, file.fileno(), 0), size)


def _mount_programs(mounts):
    for place, path in mounts.items():
        is_folder = stat(path)[0] & _FOLDER
        mount(VfsPosix(path) if is_folder else VfsRom(_mapped(path)), place, readonly=True)


def _import_built_in(places):
    """Import all modules and packages in these places."""
    sys.path[:] = places + [".frozen"]
    import builtin

    builtin.install()
    for place in places:
        for name, kind, *_ in list(ilistdir(place)):
            if kind != _FOLDER:
                _import_unless_start(name)
            elif name != "drivers":
                for inner, *_ in list(ilistdir(place + "/" + name)):
                    __import__(name + "." + inner.rpartition(".")[0])


def _import_unless_start(name):
    name = name.rpartition(".")[0]
    if name != "start":
        __import__(name)


def _mount_file_system():
    """Mount the partition `vfs` like _boot.py; format it at the first start like inisetup.py."""
    from esp32 import Partition

    partition = Partition.find(Partition.TYPE_DATA, label="vfs")[0]
    umount("/")
    try:
        mount(VfsLfs2(partition), "/")
    except OSError:
        VfsLfs2.mkfs(partition)
        mount(VfsLfs2(partition), "/")
        with open("/boot.py", "w") as file:
            file.write(_BOOT)
    chdir("/")


def _first(places, name):
    """Return the path of the first file with this name, or None."""
    for place in places:
        try:
            stat(place + "/" + name)
            return place + "/" + name
        except OSError:
            pass
    return None


def main(plan):
    _mount_programs(plan["mounts"])
    _import_built_in(plan["built_in"])
    import repl
    import world
    from flashreader import FlashReader

    world.flash = FlashReader(plan["flash"], plan["reads"], plan["read_us"])
    _mount_file_system()
    if plan["blank"]:
        for place in plan["mounts"]:
            umount(place)
    sys.path[:] = plan["path"]
    gc.collect()
    world.call("uart.interrupt", -1)  # input now arrives; programs enable the interrupt
    if plan["program"]:
        world.call("board.exit", repl.run_file(plan["program"])[0])
        return
    raw = world.call("board.raw_repl")
    for name in ("boot.py",) if raw else ("boot.py", "main.py"):
        path = _first(plan["roots"], name)
        status, soft_reset = repl.run_file(path) if path else (0, False)
        if soft_reset:
            repl.soft_reset(raw)
        if status:  # a failed boot.py: main.py does not run
            break
    repl.serve(raw)


main(json.loads(getenv("SIM_PLAN")))
