"""The interpreter's command line, and where the user finds the camera."""

import os
import shutil
import sys
from pathlib import Path

from errors import UsageError

_ROOT = Path(__file__).resolve().parents[2]
_START = Path(__file__).resolve().parent / "board" / "start.py"
sys.path.append(str(_ROOT / "tools"))


def command(args, clock):
    """The interpreter's arguments and environment."""
    import interpreter

    path = args.micropython or interpreter.find()
    if not path:
        raise UsageError(interpreter.HOW_TO_GET_ONE)
    path = shutil.which(path) or path
    if not os.access(path, os.X_OK):
        raise UsageError(f"{path} is no program")
    root, places = _places(args)
    environment = {
        **os.environ,
        "MICROPYPATH": ":".join(map(str, places)),
        "SIM_CLOCK": str(clock),
    }
    line = [str(Path(path).absolute()), "-X", f"heapsize={args.heap}", str(_START), str(root)]
    if args.run:
        line.append(str(Path(args.run).resolve()))
    return line, environment


def _places(args):
    """The folder of boot.py and main.py, and the import path."""
    import compile as compiler

    try:
        mirror = compiler.compile_all()
    except compiler.CompileError as exc:
        raise UsageError(str(exc)) from None
    root = Path(args.root).resolve() if args.root else mirror / "root"
    places = [mirror / "sim", root, ".frozen", root / "lib"]
    if args.root:
        places += [mirror / "root", mirror / "root" / "lib"]
    if args.run:
        places += [_ROOT / "build" / "test-lib"]
    return root, places


def say_where_to_look(facts, topic):
    """Tell a newcomer what to open, what to type, and how to end it."""
    page = f"http://127.0.0.1:{facts['http']}"
    lines = [
        f"picture    {page}/capture",
        f"stream     {page}/stream",
        f"telnet     127.0.0.1 {facts['telnet']}",
        f"control    127.0.0.1 {facts['control']}",
    ]
    if facts["mqtt"]:
        host, _, port = facts["mqtt"].rpartition("//")[2].rpartition("@")[2].partition(":")
        port = f" -p {port}" if port else ""
        get = f"mosquitto_sub -h {host}{port} -t 'data/{topic}/image' -C 1 > x.jpg"
        lines += [f"MQTT       {facts['mqtt']}", f"           {get}"]
    lines += ["Lines typed here are console commands; Ctrl-C ends it."]
    print("\n".join(lines), flush=True)
