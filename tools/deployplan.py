"""Plan of a deployment, made on the PC: the files for a board, and which to copy and remove."""

import hashlib
from pathlib import Path

import bytecode
import compile as compiler
from boardlink import BoardError

ROOT = Path(__file__).resolve().parent.parent
LAST = ("/boot.py", "/main.py")  # a board without them stays at its prompt
_FOLDER_BLOCKS = 2  # of littlefs


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


def readable(facts, module="", root=ROOT):
    """Return the sources of a module or package such as app.camera, and the rest as bytecode.

    Default: of all modules but third-party ones. A board that loads none of our bytecode gets
    sources only. Raises BoardError if there is no such module.
    """
    files = sources(root)
    wanted = {path for path in files if _belongs_to(path, "/lib/" + module.replace(".", "/"))}
    if module and not wanted:
        raise BoardError(f"there is no module {module}, such as app.camera or proto.mqtt")
    try:
        made = compiled(facts, root)
    except BoardError:
        if module:
            raise
        return files
    for src, place in compiler.sources(root, compiled=False):
        path, binary = place[len("root") :], place[len("root") : -len("py")] + "mpy"
        is_third_party = root / "build" in Path(src).parents
        if binary in made and (path not in wanted if module else is_third_party):
            del files[path]
            files[binary] = made[binary]
    return files


def _content(src, place):
    data = compiler.content(src)
    return compiler.packed(data) if place.endswith(".gz") else data


def without_frozen(files, frozen):
    """Return the files whose modules the firmware does not contain, such as umqtt/simple."""
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


def plan(files, present, intact):
    """Return the paths to copy and the paths to remove, in order.

    `files` are the wanted ones, {path: bytes}; `present` is {path: size} of the deployed files
    and of all others in our folders on the board; those in `intact` are there as wanted.
    """
    copy = sorted(set(files) - set(intact), key=lambda path: (path in LAST, path))
    return copy, sorted(set(present) - set(files))


def folders_of(paths):
    """Return the folders that only the application uses: /config, /lib/app and so on."""
    parts = [path.split("/") for path in set(paths) - paths_outside(paths)]
    return sorted({"/".join(part[: 3 if part[1] == "lib" else 2]) for part in parts})


def paths_outside(paths):
    """Return the paths that are in no such folder: directly in / or /lib."""
    return {path for path in paths if path.rpartition("/")[0] in ("", "/lib")}


def check_size(files, facts, or_else=""):
    """Raise BoardError if the board's file system could not hold the files even when empty.

    or_else: what else would help.
    """
    folders = {path[:end] for path in files for end in range(len(path)) if path[end] == "/"}
    needed = _blocks(map(len, files.values()), facts) + _FOLDER_BLOCKS * len(folders)
    if needed > facts["blocks"]:
        raise BoardError(
            f"the board's file system has {facts['blocks']} blocks, and the application takes "
            f"{needed}; flash firmware with a larger one, or our image, which needs none"
            + (or_else and f", or {or_else}")
        )


def check_room(files, copy, present, facts):
    """Raise BoardError if the files to copy do not fit in place of those that they replace."""
    gone = [size for path, size in present.items() if path in copy or path not in files]
    sizes = [len(files[path]) for path in copy]
    spare = max(sizes, default=0)  # the old file stays until the new one is complete
    needed = _blocks([*sizes, spare], facts)
    free = facts["free_blocks"] + _blocks(gone, facts)
    if needed > free:
        raise BoardError(
            f"the board's file system is too full: {needed} blocks are needed, {free} are free; "
            "remove files of your own, for example with: mpremote connect PORT fs rm :/FILE"
        )


def _blocks(sizes, facts):
    return sum(-(-size // facts["block_bytes"]) for size in sizes)
