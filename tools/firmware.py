"""Build the firmware image for the ESP32-CAM: MicroPython, camera driver and application.

    make firmware
    make firmware ARGS=--dry-run      only prints every step, file and limit

Needs git, and either ESP-IDF (its export.sh sourced) or a container engine (docker or podman).
config/firmware/README.md explains the build; config/firmware/sources.lock pins what it uses.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import freezing
import webinstaller
import wholeimage
from esp_idf_defs.partitions import PartitionTable

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "config" / "firmware"
LOCK = HERE / "sources.lock"
TABLE = ROOT / "config" / "partitions.csv"
WORK = ROOT / "build" / "firmware"
SOURCES = WORK / "sources"
OUT = WORK / "out"
RESERVE = 100 * 1024  # bytes of a slot to keep free for the next versions
_TABLE_AT = 0x8000
_READ = (
    "CMakeLists.txt camera.cmake manifest.py mpconfigboard.h mpconfigcamera.h sdkconfig.board"
).split()
_HOW = (
    "there is neither ESP-IDF nor a running container engine; install docker or podman, or "
    "ESP-IDF {} and source its export.sh (config/firmware/README.md)"
)


class BuildError(Exception):
    """The firmware cannot be built; the text is for people."""


class Source(NamedTuple):
    """One row of the lock file."""

    name: str
    address: str
    commit: str
    tag: str


class Step(NamedTuple):
    """One step of the build: the lines that a dry run prints, and the function that runs it."""

    title: str
    lines: list
    run: Callable


def read_lock(path=LOCK):
    """Return the rows of the lock file as {name: Source}."""
    rows = (line.partition("#") for line in path.read_text().splitlines())
    return {
        row[0].split()[0]: Source(*row[0].split(), row[2].split()[0]) for row in rows if row[0]
    }


def product():
    """Return the constants of config/product.py."""
    found = {}
    exec((ROOT / "config" / "product.py").read_text(), found)
    return found


def parts(name):
    """Return [(offset in flash, file of the build, most bytes), ...] of the whole image."""
    table = {part.name: part for part in PartitionTable.from_csv(TABLE.read_text())}
    otadata, slot = table["otadata"], table["ota_0"]
    boot = wholeimage.BOOTLOADER_AT
    return [
        (boot, OUT / "bootloader" / "bootloader.bin", _TABLE_AT - boot),
        (_TABLE_AT, OUT / "partition_table" / "partition-table.bin", 0xC00),
        (otadata.offset, OUT / "ota_data_initial.bin", otadata.size),
        (slot.offset, OUT / f"{name}.bin", slot.size),
    ]


def outputs(name, version):
    """Return the paths of the whole image for a new board and of the application part."""
    return [WORK / f"{name}-{version}{end}" for end in (".bin", ".app-bin")]


def fetch(source, folder=SOURCES, run=subprocess.check_call):
    """Clone a source, or update its clone, and check out the locked commit; return its path."""
    path = folder / source.name
    git = ["git", "-C", str(path)]
    try:
        if not path.exists():
            run(["git", "clone", "--filter=blob:none", source.address, str(path)])
        else:  # the lock file may name a newer commit than the clone has
            run([*git, "fetch", "--quiet", "--tags", "origin"])
        run([*git, "checkout", "--quiet", "--detach", source.commit])
    except subprocess.CalledProcessError:
        raise BuildError(
            f"{source.name} {source.commit} could not be fetched from {source.address}; see git's "
            "message above. Is the network up?"
        ) from None
    return path


def script(name, version, idf):
    """Return the shell lines of the build, to be run with ESP-IDF; paths are relative to ROOT."""
    port = "build/firmware/sources/micropython/ports/esp32"
    defines = {
        "SOURCES": "$PWD/build/firmware/sources",
        "PRODUCT_NAME": name,
        "PRODUCT_VERSION": version,
    }
    options = " ".join(f'-D {key}="{value}"' for key, value in defines.items())
    return [
        "set -e",
        'idf="$(git -C "$IDF_PATH" rev-parse HEAD 2>/dev/null || idf.py --version)"',
        'case "$idf" in',
        f"  {idf.commit} | *{idf.tag}) ;;",
        f'  *) echo "This is ESP-IDF $idf; {idf.tag} ({idf.commit}) is needed." >&2; exit 1 ;;',
        "esac",
        "make -C build/firmware/sources/micropython/mpy-cross",
        f"make -C {port} BOARD=ESP32_GENERIC submodules",
        "rm -f build/firmware/out/sdkconfig  # it would hide changes of sdkconfig.board",
        f"idf.py -C config/firmware -B build/firmware/out {options} build",
    ]


def find_engine(environ=os.environ, which=shutil.which, call=subprocess.call):
    """Return "here" if ESP-IDF is installed, else a running "docker" or "podman", else None."""
    if environ.get("IDF_PATH") and which("idf.py"):
        return "here"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    for name in ("docker", "podman"):
        if which(name) and call([name, "info"], **quiet) == 0:  # its service may be stopped
            return name
    return None


def command(lines, idf, engine):
    """Return the command that runs the lines in the engine."""
    if engine == "here":
        return ["bash", "-c", "\n".join(lines)]
    options = ["--rm", "-v", f"{ROOT}:/project", "-w", "/project"]
    if engine == "docker" and os.getuid():  # otherwise root owns the output
        options += ["-u", f"{os.getuid()}:{os.getgid()}", "-e", "HOME=/tmp"]
    # in the container, the clones have another owner
    trust = "git config --global --add safe.directory '*'"
    return [engine, "run", *options, idf.address, "bash", "-c", "\n".join([trust, *lines])]


def merge(name, version, say=print):
    """Merge the parts of the build into the two outputs, and check them."""
    whole, update = outputs(name, version)
    found = [(at, path, most) for at, path, most in parts(name)]
    for _, path, most in found:
        if path.stat().st_size > most:
            raise BuildError(
                f"{path.name} has {path.stat().st_size:,} bytes, but only {most:,} fit"
            )
    pairs = [text for at, path, _ in found for text in (hex(at), str(path))]
    esptool = [sys.executable, "-m", "esptool", "--chip", "esp32", "merge-bin", "-o", str(whole)]
    subprocess.check_call([*esptool, *pairs])
    try:
        wholeimage.read(whole.read_bytes())
    except wholeimage.BadFirmware as exc:
        raise BuildError(f"the image is faulty: {exc}") from None
    _, app, room = found[-1]
    shutil.copyfile(app, update)
    free = room - app.stat().st_size
    say(f"{free:,} of {room:,} bytes of a slot are free")
    if free < RESERVE:
        say(f"That is less than the {RESERVE:,} that config/firmware/README.md recommends.")


def steps(engine):
    """Return the whole build as a list of Steps."""
    lock, facts = read_lock(), product()
    idf, name, version = lock.pop("esp-idf"), facts["NAME"], facts["VERSION"]
    modules, others = freezing.read_manifest()
    frozen = [_below(module.path) for module in modules]
    frozen += [f"{other} (from MicroPython, frozen by the build only)" for other in others]
    fetched = [f"{s.name} {s.tag} {s.commit} from {s.address}" for s in lock.values()]
    lines = script(name, version, idf)
    reads = [f"reads {_below(path)}" for path in (*(HERE / file for file in _READ), TABLE)]
    where = "here" if engine == "here" else f"in {idf.address} with {engine or 'docker or podman'}"
    merged = [
        f"{at:#08x} {_below(path)}, at most {most:,} bytes" for at, path, most in parts(name)
    ]
    merged += [f"of the limit of the last one, {RESERVE:,} bytes should stay free"]
    merged += [f"-> {_below(path)}" for path in outputs(name, version)]

    def fetch_all():
        SOURCES.mkdir(parents=True, exist_ok=True)
        for source in lock.values():
            fetch(source)

    def run():
        subprocess.check_call(command(lines, idf, engine), cwd=ROOT)

    return [
        Step(
            "Freeze the modules on this PC, to find any that cannot be frozen",
            frozen,
            freezing.check,
        ),
        Step(f"Fetch the sources into {_below(SOURCES)}", fetched, fetch_all),
        Step(f"Build {where}", [*reads, *lines], run),
        Step("Merge the parts and check them", merged, lambda: merge(name, version)),
        Step(
            "Write the page that installs the image from a browser",
            [f"reads {_below(webinstaller.PAGE)}", f"-> {_below(webinstaller.WEB)}/"],
            lambda: webinstaller.write(outputs(name, version)[0]),
        ),
    ]


def _below(path):
    return path.relative_to(ROOT).as_posix()


def build(dry_run=False, engine=find_engine, say=print):
    """Run all steps, or only print them; BuildError if one fails."""
    found = engine()
    if not (found or dry_run):
        raise BuildError(_HOW.format(read_lock()["esp-idf"].tag))
    made = steps(found)
    for number, step in enumerate(made, 1):
        say(f"{number}/{len(made)} {step.title}")
        if dry_run:
            for line in step.lines:
                say(f"      {line}")
            continue
        try:
            step.run()
        except (freezing.FreezeError, webinstaller.NoPage) as exc:
            raise BuildError(str(exc)) from None
        except (subprocess.CalledProcessError, OSError) as exc:
            raise BuildError(f"this step failed; see its message above ({exc})") from None


def main(argv=None):
    parser = argparse.ArgumentParser(prog="firmware.py", description=__doc__.splitlines()[0])
    parser.add_argument("--dry-run", action="store_true", help="only print the steps")
    args = parser.parse_args(argv)
    try:
        build(args.dry_run, say=lambda text: print(text, flush=True))
    except BuildError as exc:
        print(f"firmware: {exc}", file=sys.stderr)
        return 1
    if not args.dry_run:
        facts = product()
        whole, update = map(_below, outputs(facts["NAME"], facts["VERSION"]))
        print(f"for a new board:  make flash PORT=... FIRMWARE={whole}")
        print(f"for an update:    {update}")
        print("from a browser:   make web-installer")
    return 0


if __name__ == "__main__":
    sys.exit(main())
