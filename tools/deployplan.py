"""What a board shall hold, and what has to be done for that: decided on the PC alone."""

import hashlib
from pathlib import Path

import bytecode
import compile as compiler
from boardlink import BoardError

ROOT = Path(__file__).resolve().parent.parent
LAST = ("/boot.py", "/main.py")  # a board without them stays at its prompt
PRODUCT = "config/product"  # frozen where the firmware has the camera in it
_BLOCK = 4_096


def compiled(facts, root=ROOT):
    """{path on the board: bytes}: bytecode that this board can load."""
    kind = bytecode.Bytecode.of(facts["mpy"])
    mirror = root / "build" / f"mpy-{kind}"
    options = ["-msmall-int-bits=31", "-march=" + kind.arch]
    try:
        compiler.compile_all(root, mirror, options, "root/", bytecode.compiler(kind))
    except (compiler.CompileError, bytecode.Unsupported) as exc:
        raise BoardError(str(exc)) from None
    top = mirror / "root"
    files = (path for path in top.rglob("*") if path.is_file() and path.suffix != ".part")
    return {"/" + path.relative_to(top).as_posix(): path.read_bytes() for path in files}


def sources(root=ROOT):
    """{path on the board: bytes}: the programs as they are written."""
    places = {place: Path(src) for src, place in compiler.sources(root, compiled=False)}
    return {
        place[len("root") :]: _content(src, place)
        for place, src in places.items()
        if place.startswith("root/")
    }


def readable(facts, root=ROOT):
    """The same, but other people's modules as bytecode where the board can load it.

    As sources they would not fit beside ours: the file system has 240 blocks.
    """
    files = sources(root)
    try:
        made = compiled(facts, root)
    except BoardError:
        return files
    for src, place in compiler.sources(root, compiled=False):
        path = place[len("root") :]
        if root / "build" in Path(src).parents and files.pop(path, None) is not None:
            path = path[: -len("py")] + "mpy"
            files[path] = made[path]
    return files


def _content(src, place):
    data = src.read_bytes()
    return compiler.packed(data) if place.endswith(".gz") else data


def without_frozen(files, frozen):
    """Leave out what the board's firmware holds; `frozen` are names such as umqtt/simple.

    Of firmware that has the camera itself in it nothing is left: frozen modules and pages come
    before files.
    """
    if PRODUCT in frozen:
        return {}
    return {
        path: data
        for path, data in files.items()
        if not any(_is_of(path, "/lib/" + name) for name in frozen)
    }


def _is_of(path, module):
    return path.rpartition(".")[0] == module or path.startswith(module + "/")


def digest_of(data):
    return hashlib.sha256(data).hexdigest()


def mark_of(data):
    """The start of the digest: what the board's record has, which shall be small."""
    return digest_of(data)[:16]


def plan(files, recorded, present):
    """What to copy and what to remove: two lists of paths, in their order.

    files: what shall be there. recorded: marks of the last deployment. present: sizes of what
    is there, in the folders that are ours.
    """
    copy = [
        path
        for path, data in files.items()
        if present.get(path) != len(data) or recorded.get(path) != mark_of(data)
    ]
    ours = set(recorded) | set(present)
    remove = [path for path in sorted(ours - set(files)) if path in present]
    return sorted(copy, key=lambda path: (path in LAST, path)), remove


def folders_of(paths):
    """The folders in which everything is ours: /config, /lib/app and so on."""
    parts = (path.split("/") for path in paths)
    return sorted(
        {"/".join(part[: 3 if part[1] == "lib" else 2]) for part in parts if len(part) > 2}
    )


def blocks_of(count):
    """Bytes that a file takes on the board's flash."""
    return -(-count // _BLOCK) * _BLOCK
