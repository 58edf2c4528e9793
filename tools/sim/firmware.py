"""Command line of the interpreter, and the startup summary for the user."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import idfmemory
from errors import UsageError
from flashchip import READ_US
from settings import FIRST_BOOT

_ROOT = Path(__file__).resolve().parents[2]
_START = Path(__file__).resolve().parent / "board" / "start.py"
sys.path.append(str(_ROOT / "tools"))


def command(args, flash, counter, clock):
    """Return the arguments and environment of the interpreter; raise UsageError.

    `flash` and `clock` are paths of files, `counter` is the descriptor that counts reads.
    """
    from compile import CompileError

    path = args.micropython or _interpreter(args)
    path = shutil.which(path) or path
    if not os.access(path, os.X_OK):
        raise UsageError(f"{path} is not an executable file")
    try:
        heap, beside, programs, compiled = _memory(args, path)
    except (CompileError, ValueError) as exc:
        raise UsageError(str(exc)) from None
    plan = {
        **_plan(args, programs, compiled),
        "flash": str(flash),
        "reads": counter,
        "read_us": 0 if args.fast else READ_US,
    }
    environment = {
        **os.environ,
        "SIM_CLOCK": str(clock),
        "SIM_UPTIME_MS": str(args.uptime * 1_000),
        "SIM_PLAN": json.dumps(plan),
        "SIM_NO_PSRAM": str(beside),
        "SIM_TERMINAL": "1" if args.uart == "pty" else "",
    }
    return [str(Path(path).absolute()), "-X", f"heapsize={heap}", str(_START)], environment


def _interpreter(args):
    """Return the path of the interpreter for these options; raise UsageError."""
    import interpreter
    import interpreter32

    if args.psram == "none":
        try:
            return str(interpreter32.fetch())
        except interpreter32.Unavailable as exc:
            raise UsageError(f"--psram none: {exc}") from None
    path = interpreter.find()
    if not path:
        raise UsageError(interpreter.HOW_TO_GET_ONE)
    return path


def _memory(args, path):
    """Return four values that describe the memory and what is in it.

    The size of the heap; without PSRAM the bytes of it that the chip does not need, else "";
    where the programs are (folder or ROM image), and if they are compiled.
    """
    import boardmemory
    from mirror import mirror_for

    if args.psram == "none":
        beside = boardmemory.beside_small_heap(path, args.rom)
        heap = idfmemory.HEAP + idfmemory.BLOCK + beside
    else:
        beside = ""
        heap = (args.heap or 4 << 20) + boardmemory.simulated(path, args.rom)
    mirror = mirror_for(path)
    if not mirror and (args.rom or args.blank):
        raise ValueError(f"{path} cannot load the bytecode of the compiler in .venv")
    if args.rom:
        return heap, beside, boardmemory.rom_image(mirror), True
    return heap, beside, mirror or _ROOT, bool(mirror)


def _plan(args, programs, compiled):
    """Return the places of the programs for board/start.py; sources if they are not compiled."""
    if compiled:
        sim, root, libraries = "/rom/sim", "/rom/root", ["/rom/root/lib"]
    else:
        sim, root, libraries = "/rom/tools/sim/board", "/rom", ["/rom/lib", "/rom/build/lib"]
    mounts, own, program = {"/rom": programs}, [root, *libraries], None
    built_in = [sim] + [f"{sim}/drivers/{args.driver}"] * (args.driver != "none")
    if args.blank:
        built_in.append("/rom/frozen")
        own = []
    if args.root:
        mounts["/root"] = Path(args.root).resolve()
        own = ["/root", "/root/lib", *own]
    if args.run:
        file = Path(args.run).resolve()
        mounts["/run"], program = file.parent, f"/run/{file.name}"
        mounts["/test-lib"] = _ROOT / "build" / "test-lib"
        own.append("/test-lib")
    return {
        "mounts": {place: str(path) for place, path in mounts.items()},
        "built_in": built_in,
        "path": ["", ".frozen", *own, "/lib"],
        "roots": [*own[:1], ""],
        "program": program,
        "blank": args.blank,
    }


def version(interpreter):
    """Return the interpreter's version in the format of MicroPython's ESP32 images."""
    code = "import sys; print('v%d.%d.%d' % sys.implementation[1][:3])"
    line = [interpreter, "-c", code]
    return subprocess.run(line, capture_output=True, text=True, timeout=10).stdout.strip()


def _places(args, mirror):
    """Return the folder of boot.py and main.py, and the import path; sources without a mirror."""
    if mirror:
        sim, root, libraries = mirror / "sim", mirror / "root", [mirror / "root" / "lib"]
    else:
        from compile import compile_all

        mirror, sim, root = compile_all(), _START.parent, _ROOT
        libraries = [_ROOT / "lib", _ROOT / "build" / "lib"]
    chosen = [Path(args.root).resolve(), Path(args.root).resolve() / "lib"] if args.root else []
    tests = [_ROOT / "build" / "test-lib"] if args.run else []
    driver = sim / "drivers" / args.driver  # "none" has no folder
    if args.blank:
        return None, [*filter(Path.is_dir, (sim, driver)), mirror / "frozen"]
    places = [sim, driver, *chosen, root, ".frozen", *libraries, *tests]
    return (chosen or [root])[0], places


def print_summary(facts, topic, unconfigured):
    """Print the addresses of the camera and how to stop it."""
    page = f"http://127.0.0.1:{facts['http']}"
    lines = []
    if unconfigured:
        lines += [f"setup      {page}/  (the page of the camera's own access point)"]
        lines += ["Wi-Fi      {ssid}, password {password}".format(**FIRST_BOOT)]
    else:
        lines += [f"page       {page}/"]
    lines += [
        f"picture    {page}/capture",
        f"stream     {page}/stream",
        f"RTSP       rtsp://127.0.0.1:{facts['rtsp']}/mjpg  (with the setting rtsp on)",
        f"telnet     127.0.0.1 {facts['telnet']}",
        f"control    127.0.0.1 {facts['control']}",
    ]
    if "uart" in facts:
        lines.append(f"UART       {facts['uart']}")
    if facts["mqtt"]:
        lines += [f"MQTT       {facts['mqtt']}"]
        broker = urlsplit(facts["mqtt"])
        if broker.scheme == "mqtt":
            get = f"mosquitto_sub -h {broker.hostname} -p {broker.port or 1883}"
            lines += [f"           {get} -t 'data/{topic}/image' -C 1 -N > picture.jpg"]
    hint = "" if "uart" in facts else "Type console commands here. "
    lines.append(hint + "Press Ctrl-C to stop.")
    print("\n".join(lines), flush=True)
