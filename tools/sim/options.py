"""Command line of the simulated board."""

import argparse
import re
from pathlib import Path

import partitions
import sccb
from errors import UsageError

_HEAP = re.compile(r"\d+[kKmM]?")
_STATE = Path(__file__).resolve().parents[2] / "build" / "state"
DEVICE_ID = "DVES_A1B2C3"
# defaults; 0: any free port
PORTS = {"http": 8080, "telnet": 2323, "dns": 5353, "rtsp": 5554, "control": 0}
WRAP_S = (1 << 30) // 1_000  # until ticks_ms wraps
DRIVERS = ("api", "driver", "none")  # folders of board/drivers, except the last


def parse(argv=None):
    """Return the parsed options; exit with status 2 and a message if they are invalid."""
    parser = argparse.ArgumentParser(
        prog="run.py", description="Run the camera's firmware on a simulated ESP32-CAM."
    )
    add = parser.add_argument
    add(
        "--state",
        default=_STATE,
        metavar="DIR",
        help="folder for the flash, kept between runs",
    )
    add(
        "--set",
        action="append",
        default=[],
        type=_setting,
        metavar="NAME=VALUE",
        help="set a setting by its command name; NAME=@FILE reads a file; repeatable",
    )
    add("--broker", metavar="URI", help="MQTT broker to use; default: start an embedded one")
    for name, port in PORTS.items():
        text = "default: any free port"
        if port:
            text = f"default: {port}, or any free port if that is in use; 0 = any free port"
        add(f"--{name}-port", type=_port, metavar="N", help=text)
    add("--ap", action="store_true", help="start unconfigured, like a new board")
    add(
        "--psram",
        choices=("4M", "none"),
        default="4M",
        help="external RAM; none: the heap shares the chip's RAM with Wi-Fi, TLS and threads; "
        "uses a 32-bit interpreter",
    )
    add(
        "--heap",
        type=_heap,
        metavar="SIZE",
        help="heap available to the firmware (4M); the simulator's own use is added to it",
    )
    add("--micropython", metavar="PATH", help="MicroPython interpreter to use")
    add(
        "--rom",
        action=argparse.BooleanOptionalAction,
        help="run code from a ROM image, like frozen code on a chip; needs a 32-bit interpreter; "
        "the default without PSRAM, unless the board is blank",
    )
    add(
        "--driver",
        choices=DRIVERS,
        default="api",
        help="camera module in the firmware: micropython-camera-API, -driver, or none",
    )
    add(
        "--sensor",
        type=_sensor,
        default="OV2640",
        metavar="CHIP",
        help="sensor on the board, by name or id (0x2145): " + ", ".join(sccb.CHIPS),
    )
    add(
        "--uptime",
        default=0,
        type=_uptime,
        metavar="SECONDS",
        help="value of ticks_ms at each start (0); it wraps at 1073741 s, as on the chip",
    )
    add("--fast", action="store_true", help="disable simulated delays (flash, radio, exposure)")
    add("--quiet", action="store_true", help="do not print the addresses at startup")
    add("--ready-file", metavar="FILE", help="write FILE each time the camera is ready")
    add("--device-id", default=DEVICE_ID, type=_device_id, help=f"default: {DEVICE_ID}")
    add("--sntp", type=_address, metavar="HOST:PORT", help="time server to use")
    add("--root", metavar="DIR", help="run the programs (boot.py, main.py, lib) in DIR")
    add(
        "--blank",
        action="store_true",
        help="start a newly flashed board; only deployed files exist",
    )
    add(
        "--partitions",
        metavar="FILE",
        help="partition table of a new board, as CSV; default: that of our image, or "
        "MicroPython's with one slot for a blank board",
    )
    add(
        "--uart",
        choices=["stdio", "pty"],
        default="stdio",
        help="pty: connect the UART to a pseudo-terminal, for mpremote",
    )
    add("--run", metavar="FILE", help="run FILE instead of main.py and exit with its status")
    args = parser.parse_args(argv)
    if args.blank and (args.root or args.run):
        parser.error("--blank runs the board's own programs: remove --root and --run")
    if args.partitions is None:
        args.partitions = partitions.MICROPYTHONS_CSV if args.blank else partitions.CSV
    if args.psram == "none" and args.heap:
        parser.error("--psram none has the heap of a chip without PSRAM: remove --heap")
    if args.rom is None:
        args.rom = args.psram == "none" and not args.blank
    if args.blank and args.rom:
        parser.error("--blank runs the code in the board's file system: remove --rom")
    return args


def _setting(text):
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text}: expected NAME=VALUE")
    return name, value


def _port(text):
    if not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text}: expected a port, 0..65535")
    return int(text)


def _sensor(text):
    try:
        return sccb.chip_named(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _uptime(text):
    if not text.isdigit() or int(text) > WRAP_S:
        raise argparse.ArgumentTypeError(f"{text}: expected seconds, 0..{WRAP_S}")
    return int(text)


def _heap(text):
    if not _HEAP.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text}: expected a size such as 256K or 4M")
    return int(text.rstrip("kKmM")) << {"k": 10, "m": 20}.get(text[-1].lower(), 0)


def _device_id(text):
    if not re.fullmatch(r"DVES_[0-9A-F]{6}", text):
        raise argparse.ArgumentTypeError(f"{text}: expected DVES_ and six upper-case hex digits")
    return text


def _address(text):
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit():
        raise argparse.ArgumentTypeError(f"{text}: expected HOST:PORT")
    return host, int(port)
