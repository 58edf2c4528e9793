"""Update of the application alone: an archive of its bytecode for one kind of board."""

import io
import re
import zipfile
from pathlib import Path

import bytecode
import compile as compiler
from update.errors import UpdateError

ROOT = Path(__file__).resolve().parents[2]
SIMULATED = "x64-6.3"  # bytecode for the simulated board
ESP32 = "xtensawin-6.3"  # bytecode for the ESP32 with MicroPython 1.23 or newer


def application(kind, root=ROOT):
    """Compile the application; return ({name in the archive: bytes}, project, version).

    Raises UpdateError.
    """
    wanted = parse(kind)
    mirror = root / "build" / f"mpy-{wanted}"
    narrow = [] if wanted.arch == "x64" else ["-msmall-int-bits=31"]
    try:
        options = [*narrow, "-march=" + wanted.arch]
        cross = bytecode.compiler(wanted)
        compiler.compile_all(root, mirror, options, "root/", cross)
    except (compiler.CompileError, bytecode.Unsupported) as error:
        raise UpdateError(str(error)) from None
    files = {}
    for top, prefix in ((mirror / "root" / "lib", ""), (mirror / "root" / "config", "config/")):
        for path in sorted(top.rglob("*")):
            if path.suffix in (".mpy", ".gz", *compiler.PLAIN):
                files[prefix + path.relative_to(top).as_posix()] = path.read_bytes()
    product = (root / "config" / "product.py").read_text()
    project, version = (
        re.search(rf'^{name} = "(\S+)"', product, re.MULTILINE)[1] for name in ("NAME", "VERSION")
    )
    return files, project, version


def parse(kind):
    """Return the Bytecode for a name such as xtensawin-6.3; raise UpdateError."""
    found = re.fullmatch(r"([a-z0-9]+)-(\d+)\.(\d)", kind)
    if not found or found[1] not in bytecode.ARCHITECTURES:
        raise UpdateError(f"bytecode {kind}: expected a name such as xtensawin-6.3")
    return bytecode.Bytecode(int(found[2]), int(found[3]), found[1])


def pack(files, project, version, kind):
    """Return the archive's bytes, without the signature block that ends an update."""
    wanted = parse(kind)
    number = wanted.version | wanted.sub_version << 8
    number |= bytecode.ARCHITECTURES.index(wanted.arch) << 10
    head = f"{project} {version} {number}\n".encode()
    return zipped({"update.txt": head, **dict(sorted(files.items()))})


def zipped(files):
    """Return {name: bytes} as a ZIP archive with compressed bytecode; pages stay as they are."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            packs = name.endswith(".mpy")
            info = zipfile.ZipInfo(name)  # the same files make the same bytes at any time
            archive.writestr(info, data, zipfile.ZIP_DEFLATED if packs else zipfile.ZIP_STORED, 9)
    return out.getvalue()
