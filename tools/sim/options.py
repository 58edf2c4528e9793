"""The command line of the simulated board."""

import argparse
import re
from pathlib import Path

_HEAP = re.compile(r"\d+[kKmM]?")
_STATE = Path(__file__).resolve().parents[2] / "build" / "state"
DEVICE_ID = "DVES_A1B2C3"
PORTS = {"http": 8080, "telnet": 2323, "dns": 5353, "control": 0}  # the usual ones; 0: any free
DRIVERS = ("api", "driver", "none")  # folders of board/drivers, but for the last


def parse(argv=None):
    """The options; exits with status 2 and a message when they make no sense."""
    parser = argparse.ArgumentParser(
        prog="run.py", description="Runs the camera's firmware on a simulated ESP32-CAM."
    )
    add = parser.add_argument
    add("--state", default=_STATE, metavar="DIR", help="flash, NVS and files, kept between runs")
    add(
        "--set",
        action="append",
        default=[],
        type=_setting,
        metavar="NAME=VALUE",
        help="a setting by its command's name; NAME=@FILE reads a file; repeatable",
    )
    add("--broker", metavar="URI", help="an MQTT broker; default: an embedded one is started")
    for name, port in PORTS.items():
        usual = f"{port}, or any free one where that is taken" if port else "any free one"
        text = f"default: {usual}; 0 = any free one"
        add(f"--{name}-port", type=_port, metavar="N", help=text)
    add("--ap", action="store_true", help="start unconfigured, as a new board does")
    add(
        "--heap",
        default="4M",
        type=_heap,
        metavar="SIZE",
        help="what the firmware finds; what the simulated silicon takes comes on top",
    )
    add("--micropython", metavar="PATH", help="another interpreter")
    add(
        "--rom",
        action="store_true",
        help="run code from a ROM image, as a chip runs frozen code; needs a 32-bit interpreter",
    )
    add(
        "--driver",
        choices=DRIVERS,
        default="api",
        help="the camera module in the firmware: micropython-camera-API, -driver, or none",
    )
    add("--fast", action="store_true", help="no artificial delays (flash, radio, exposure)")
    add("--quiet", action="store_true", help="do not print where to look")
    add("--ready-file", metavar="FILE", help="written whenever the camera serves")
    add("--device-id", default=DEVICE_ID, type=_device_id, help=f"default {DEVICE_ID}")
    add("--sntp", type=_address, metavar="HOST:PORT", help="another time server")
    add("--root", metavar="DIR", help="another board's programs (boot.py, main.py, lib)")
    add("--blank", action="store_true", help="a board as flashed: only what is deployed to it")
    add(
        "--uart",
        choices=["stdio", "pty"],
        default="stdio",
        help="pty: the UART is a pseudo-terminal, for mpremote",
    )
    add("--run", metavar="FILE", help="run this program instead of main.py, end with its status")
    args = parser.parse_args(argv)
    if args.blank and (args.root or args.run):
        parser.error("--blank: the board has programs of its own; no --root, no --run")
    if args.blank and args.rom:
        parser.error("--blank: what is deployed to a board is in its files; no --rom")
    return args


def _setting(text):
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text}: expected NAME=VALUE")
    return name, value


def _port(text):
    if not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text}: a port is 0..65535")
    return int(text)


def _heap(text):
    if not _HEAP.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text}: a size such as 256K or 4M")
    return int(text.rstrip("kKmM")) << {"k": 10, "m": 20}.get(text[-1].lower(), 0)


def _device_id(text):
    if not re.fullmatch(r"DVES_[0-9A-F]{6}", text):
        raise argparse.ArgumentTypeError(f"{text}: DVES_ and six upper-case hex digits")
    return text


def _address(text):
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit():
        raise argparse.ArgumentTypeError(f"{text}: expected HOST:PORT")
    return host, int(port)
