"""Builds firmware for the ESP32-CAM with camera driver and application in it.

    make firmware

Needs git and either ESP-IDF (its export.sh sourced) or a container engine (docker or podman).
Sources and versions: config/firmware/sources.lock. Never run by the project itself, which has no
toolchain for the ESP32: see what README says about it.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import frozenpages
import wholeimage

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "config" / "firmware" / "sources.lock"
WORK = ROOT / "build" / "firmware"
SOURCES = WORK / "sources"
PAGES = WORK / "frozenpages.py"  # as the manifest names it
_UNPROVEN = (
    "The project has never run this build: it has no toolchain for the ESP32. The files in "
    "config/firmware were written by reading; expect to mend something, and please tell what."
)
_HOW = (
    "There is neither ESP-IDF nor a container engine here. Install docker or podman, or ESP-IDF "
    "{} and source its export.sh; or take MicroPython's own ESP32_GENERIC-OTA firmware (without a "
    "camera driver), or one of micropython-camera-API (with it), and then make deploy."
)


class BuildError(Exception):
    """Why there is no firmware; the text is for people."""


class Source(NamedTuple):
    """One row of the lock file."""

    name: str
    address: str
    commit: str


def read_lock(path=LOCK):
    """{name: Source} of the lock file."""
    rows = (line.split("#")[0].split() for line in path.read_text().splitlines())
    return {fields[0]: Source(*fields) for fields in rows if fields}


def product():
    """(name, version) of what is built."""
    found = {}
    exec((ROOT / "config" / "product.py").read_text(), found)
    return found["NAME"], found["VERSION"]


def fetch(source, folder, run=subprocess.check_call):
    """Bring a clone to its locked commit."""
    path = folder / source.name
    try:
        if not path.exists():
            run(["git", "clone", "--filter=blob:none", source.address, str(path)])
        run(["git", "-C", str(path), "checkout", "--quiet", "--detach", source.commit])
    except subprocess.CalledProcessError:
        raise BuildError(
            f"{source.name} {source.commit} could not be fetched from {source.address}; git's "
            "message stands above. Is the network up?"
        ) from None
    return path


def script(name, version):
    """The shell lines that build, run where ESP-IDF is; paths are below the checkout."""
    port = "build/firmware/sources/micropython/ports/esp32"
    defines = {
        "SOURCES": "$PWD/build/firmware/sources",
        "PRODUCT_NAME": name,
        "PRODUCT_VERSION": version,
    }
    words = " ".join(f'-D {key}="{value}"' for key, value in defines.items())
    return "\n".join(
        [
            "set -e",
            "git config --global --add safe.directory '*'",
            "make -C build/firmware/sources/micropython/mpy-cross",
            f"make -C {port} BOARD=ESP32_GENERIC submodules",
            f"idf.py -C config/firmware -B build/firmware/out {words} build",
        ]
    )


def command(lines, lock, environ=os.environ, which=shutil.which):
    """How to run the lines: here, where ESP-IDF is set up, else in its container."""
    if environ.get("IDF_PATH") and which("idf.py"):
        return ["bash", "-c", lines]
    idf = lock["esp-idf"]
    for engine in ("docker", "podman"):
        if which(engine):
            mount = ["-v", f"{ROOT}:/project", "-w", "/project"]
            image = f"{idf.address}:{idf.commit}"
            return [engine, "run", "--rm", *mount, image, "bash", "-c", lines]
    raise BuildError(_HOW.format(idf.commit))


def merge(out, name, version):
    """One file for a new board, and the application alone for updates; their paths."""
    app = out / f"{name}.bin"
    whole, update = (WORK / f"{name}-{version}{end}" for end in (".bin", ".app-bin"))
    parts = {
        "0x1000": out / "bootloader" / "bootloader.bin",
        "0x8000": out / "partition_table" / "partition-table.bin",
        "0xd000": out / "ota_data_initial.bin",
        "0x10000": app,
    }
    words = [str(word) for pair in parts.items() for word in pair if pair[1].exists()]
    line = [sys.executable, "-m", "esptool", "--chip", "esp32", "merge-bin", "-o", str(whole)]
    subprocess.check_call([*line, *words])
    try:
        wholeimage.read(whole.read_bytes())
    except wholeimage.BadFirmware as exc:
        raise BuildError(f"what was built is not good: {exc}") from None
    shutil.copyfile(app, update)
    return whole, update


def main(argv=None):
    argparse.ArgumentParser(prog="firmware.py", description=__doc__.splitlines()[0]).parse_args(
        argv
    )
    try:
        lock, (name, version) = read_lock(), product()
        line = command(script(name, version), lock)
        print(_UNPROVEN, flush=True)
        SOURCES.mkdir(parents=True, exist_ok=True)
        PAGES.write_text(frozenpages.source())
        for source in lock.values():
            if source.address.endswith(".git"):
                fetch(source, SOURCES)
        subprocess.check_call(line, cwd=ROOT)
        whole, update = merge(WORK / "out", name, version)
    except BuildError as exc:
        print(f"firmware: {exc}", file=sys.stderr)
        return 1
    except (subprocess.CalledProcessError, OSError) as exc:
        print(f"firmware: the build failed; its message stands above ({exc})", file=sys.stderr)
        return 1
    print(f"for a new board:  make flash PORT=... FIRMWARE={whole.relative_to(ROOT)}")
    print(f"for an update:    {update.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
