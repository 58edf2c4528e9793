"""Plan of a deployment, made on the PC: the files for a board, and which to copy and remove."""

import hashlib
from pathlib import Path

import bytecode
import compile as compiler
from boardlink import BoardError

ROOT = Path(__file__).resolve().parent.parent
LAST = ("/boot.py", "/main.py")  # a board without them stays at its prompt
PRODUCT = "config/product"  # frozen if the firmware contains the application
_BLOCK = 4_096


def compiled(facts, root=ROOT):
    """Return {path on the board: bytes} with bytecode that this board can load."""
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
    """Return {path on the board: bytes} with the Python sources."""
    places = {place: Path(src) for src, place in compiler.sources(root, compiled=False)}
    return {
        place[len("root") :]: _content(src, place)
        for place, src in places.items()
        if place.startswith("root/")
    }


def readable(facts, root=ROOT):
    """Return the same, with third-party modules as bytecode if the board can load it.

    The sources of all modules do not fit: the file system has 240 blocks of 4 KB.
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
    """Return the files that the board's firmware does not contain.

    `frozen` are names such as umqtt/simple. If the application itself is frozen, nothing is left,
    because frozen modules and pages take precedence over files.
    """
    if PRODUCT in frozen:
        return {}
    return {
        path: data
        for path, data in files.items()
        if not any(_belongs_to(path, "/lib/" + name) for name in frozen)
    }


def _belongs_to(path, module):
    return path.rpartition(".")[0] == module or path.startswith(module + "/")


def digest(data):
    """Return the SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def short_digest(data):
    """Return the start of the digest, which keeps the record on the board small."""
    return digest(data)[:16]


def plan(files, recorded, present):
    """Return the paths to copy and the paths to remove, in order.

    `files` are the wanted ones, {path: bytes}; `recorded` is {path: short digest} of the last
    deployment, and `present` is {path: size} of the files in our folders on the board.
    """
    copy = [
        path
        for path, data in files.items()
        if present.get(path) != len(data) or recorded.get(path) != short_digest(data)
    ]
    ours = set(recorded) | set(present)
    remove = [path for path in sorted(ours - set(files)) if path in present]
    return sorted(copy, key=lambda path: (path in LAST, path)), remove


def folders_of(paths):
    """Return the folders that only the application uses: /config, /lib/app and so on."""
    parts = (path.split("/") for path in paths)
    return sorted(
        {"/".join(part[: 3 if part[1] == "lib" else 2]) for part in parts if len(part) > 2}
    )


def flash_bytes(count):
    """Return the bytes of flash that a file of `count` bytes takes."""
    return -(-count // _BLOCK) * _BLOCK
