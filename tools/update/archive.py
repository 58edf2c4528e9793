"""The application alone as an update: an archive of its bytecode, for one kind of board."""

import io
import re
import tarfile
from pathlib import Path

import bytecode
import compile as compiler
from update.errors import UpdateError

ROOT = Path(__file__).resolve().parents[2]
SIMULATED = "x64-6.3"  # what the simulated board's interpreter loads
ESP32 = "xtensawin-6.3"  # MicroPython 1.23 and later


def application(kind, root=ROOT):
    """({name in the archive: bytes}, project, version) of the sources, compiled for a board."""
    bytes_of = parse(kind)
    mirror = root / "build" / f"mpy-{bytes_of}"
    narrow = [] if bytes_of.arch == "x64" else ["-msmall-int-bits=31"]
    try:
        options = [*narrow, "-march=" + bytes_of.arch]
        cross = bytecode.compiler(bytes_of)
        compiler.compile_all(root, mirror, options, "root/", cross)
    except (compiler.CompileError, bytecode.Unsupported) as error:
        raise UpdateError(str(error)) from None
    files = {}
    for top, prefix in ((mirror / "root" / "lib", ""), (mirror / "root" / "config", "config/")):
        for path in sorted(top.rglob("*")):
            if path.suffix in (".mpy", ".gz", *compiler.PLAIN):
                files[prefix + path.relative_to(top).as_posix()] = path.read_bytes()
    told = (root / "config" / "product.py").read_text()
    project, version = (
        re.search(rf'^{name} = "(\S+)"', told, re.MULTILINE)[1] for name in ("NAME", "VERSION")
    )
    return files, project, version


def parse(kind):
    """The Bytecode that a text such as xtensawin-6.3 names."""
    found = re.fullmatch(r"([a-z0-9]+)-(\d+)\.(\d)", kind)
    if not found or found[1] not in bytecode.ARCHITECTURES:
        raise UpdateError(f"bytecode {kind}: it is named as xtensawin-6.3")
    return bytecode.Bytecode(int(found[2]), int(found[3]), found[1])


def pack(files, project, version, kind):
    """The archive's bytes, without the block that ends an update."""
    made = parse(kind)
    number = made.version | made.sub_version << 8
    number |= bytecode.ARCHITECTURES.index(made.arch) << 10
    told = f"{project} {version} {number}\n".encode()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in [("update.txt", told), *sorted(files.items())]:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()
