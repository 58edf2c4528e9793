"""Write MicroPython, or the camera's own firmware, to a new board.

    make flash PORT=/dev/ttyUSB0 FIRMWARE=ESP32_GENERIC-OTA-20250415-v1.25.0.bin
    make flash PORT=/dev/ttyUSB0 ARGS="--nvs nvs.bin"

Checks the file, then the chip, before it writes. Settings on the board are lost, so save them with
`make backup` first. `--erase` erases the whole flash first, including the file system.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

import wholeimage
from firmware import product
from wholeimage import BadFirmware

_BAUD = 460_800
_NVS = (0x9000, (0x4000, 0x6000))  # offset in every layout, and possible sizes
_TO_CONNECT = (
    "The chip did not respond. Connect IO0 to GND, press the reset button and try again (an "
    "ESP32-CAM-MB adapter does that by itself, or has an IO0 button to hold). Connect TX of the "
    "adapter to U0R, RX to U0T, GND to GND, and power the board from 5 V. A lower speed may help: "
    "ARGS='--baud 115200'."
)
_TO_GET_ONE = "`make firmware` builds one; tools/README.md names others (What it runs on)."
_AFTER = "Done. Remove the wire between IO0 and GND and press the reset button"


class FlashError(Exception):
    """The board cannot be flashed; the text is for people."""


def esptool(port, baud, *arguments, show=True):
    """Run esptool on the board; return its output, or with `show` let it print that itself."""
    command = [sys.executable, "-m", "esptool", "--chip", "esp32", "--port", port]
    command += ["--baud", str(baud), *arguments]
    if show:
        if subprocess.call(command):
            raise FlashError("esptool failed; see its message above")
        return ""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        output = (done.stdout + done.stderr).strip()
        error = re.search(r"^.*(?:This chip is|fatal error).*$", output, re.MULTILINE)
        hint = "" if "This chip is" in output else "\n" + _TO_CONNECT
        raise FlashError((error[0] if error else output[-500:]).strip() + hint)
    return done.stdout


def check_chip(port, baud, end, run=esptool):
    """Return a line about the ESP32; FlashError if its flash has fewer than `end` bytes."""
    output = run(port, baud, "flash-id", show=False)
    chip = re.search(r"(?:Chip type|Chip is)[ :]*(.*)", output)
    size = re.search(r"Detected flash size: (\d+)([MK])B", output)
    if size:
        have = int(size[1]) << (20 if size[2] == "M" else 10)
        if have < end:
            raise FlashError(
                f"the chip has {have >> 20} MB of flash; the firmware needs {end >> 20} MB"
            )
    found = f"{size[1]} {size[2]}B of flash" if size else "flash of unknown size"
    return f"{chip[1].strip() if chip else 'ESP32'}, {found}"


def check_nvs(data):
    """Raise FlashError unless `data` is an image of settings, as provision.py makes it."""
    if len(data) not in _NVS[1] or data[:4] not in (b"\xfe\xff\xff\xff", b"\xff\xff\xff\xff"):
        raise FlashError(
            "the file is not an image of the settings partition (tools/provision.py --image)"
        )


def flash(port, firmware, nvs, baud=_BAUD, erase=False, run=esptool, say=print):
    """Check everything, then write it."""
    whole = wholeimage.read(firmware.read_bytes()) if firmware else None
    if nvs:
        data = nvs.read_bytes()
        check_nvs(data)
        if whole and whole.nvs != (_NVS[0], len(data)):
            raise FlashError(f"the settings partition has another size: {whole.nvs[1]:#x} bytes")
    if whole:
        say(f"{firmware.name}: {whole.name}, {whole.size} bytes")
        if not whole.slots:
            say("Its layout does not have two slots: the firmware cannot be updated over the air.")
    say(check_chip(port, baud, whole.end if whole else 0, run))
    if erase:
        run(port, baud, "erase-flash")
    if whole:
        run(port, baud, "write-flash", hex(whole.offset), str(firmware))
    if nvs:  # after the firmware, whose file covers that partition
        run(port, baud, "write-flash", hex(_NVS[0]), str(nvs))
    if whole and whole.project != product()["NAME"]:
        say(f"{_AFTER}; then: make deploy PORT={port}")
    else:
        say(f"{_AFTER}.")


def parse(argv=None):
    parser = argparse.ArgumentParser(prog="flash.py", description=__doc__.splitlines()[0])
    parser.add_argument("port", help="/dev/ttyUSB0, COM3, rfc2217://host:port, ...")
    parser.add_argument("firmware", nargs="?", type=Path, help="firmware file for a new ESP32")
    parser.add_argument("--erase", action="store_true", help="erase the whole flash first")
    parser.add_argument(
        "--nvs", type=Path, metavar="FILE", help="write this image of settings, too"
    )
    parser.add_argument("--baud", type=int, default=_BAUD, help=f"default {_BAUD}")
    args = parser.parse_args(argv)
    if not (args.firmware or args.nvs or args.erase):
        parser.error("nothing to write; add FIRMWARE=file.bin or ARGS='--nvs nvs.bin'")
    return args


def main(argv=None):
    args = parse(argv)
    if args.firmware and not args.firmware.exists():
        print(f"flash: there is no file {args.firmware}. {_TO_GET_ONE}", file=sys.stderr)
        return 1
    try:
        flash(args.port, args.firmware, args.nvs, args.baud, args.erase)
    except BadFirmware as exc:
        print(f"flash: {args.firmware} is refused: {exc}", file=sys.stderr)
        return 1
    except (FlashError, OSError) as exc:
        print(f"flash: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nflash: interrupted; flash again before the board can start", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
