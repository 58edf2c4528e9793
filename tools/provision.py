"""Write settings to a board's flash, or to an image of the settings partition.

    make provision PORT=/dev/ttyUSB0 ARGS="ssid=home password=- mqtthost=mqtt://10.0.0.2"
    .venv/bin/python tools/provision.py --image nvs.bin ssid=home password=@password.txt

Settings have the names of their commands and are checked as in the firmware. NAME=@FILE reads the
value from a file; NAME=- prompts for it without echo. `adminpass` is hashed on the PC, so neither
board nor image ever holds its clear text.
"""

import argparse
import csv
import getpass
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import usersettings
from boardlink import PORT_HELP, Board, BoardError
from usersettings import CAMERA, JOURNAL, NAMESPACE, BadSetting

from proto.uri import without_password

_SIZE = 0x4000  # bytes of the partition nvs in config/partitions.csv
_KEY, _NAME = 1, 0


def write(board, settings, camera=(), say=print):
    """Write checked settings and camera parameters through a board's prompt, if they differ.

    Raises BoardError.
    """
    board.load("settings.py")
    if board.evaluate(f"stored({NAMESPACE!r}, {JOURNAL!r}, False)") is not None:
        raise BoardError(
            "the camera lost power while it was saving settings and will finish that at its next "
            "start: let it start once, then try again"
        )
    for row, value in settings:
        if usersettings.is_file(row):
            _write_file(board, row, value)
        else:
            _write_key(board, NAMESPACE, row[_KEY], usersettings.stored(row, value))
        say(f"{row[_NAME]} = {_shown(row, value)}")
    for name, value in camera:
        _write_key(board, CAMERA, name, value)


def _write_key(board, space, key, value):
    number = isinstance(value, int)
    if board.evaluate(f"stored({space!r}, {key!r}, {number})") != value or value is None:
        board.do(f"store({space!r}, {key!r}, {value!r})")


def _write_file(board, row, value):
    path = "/" + row[_KEY]
    if value:
        board.put(path, value.encode())
    elif board.evaluate(f"size({path!r})") >= 0:
        board.do(f"remove({path!r})")


def _shown(row, value):
    if value is None:
        return "(default)"
    if usersettings.is_secret(row):
        return "***"
    if usersettings.is_file(row):
        return f"{len(value)} bytes"
    text = usersettings.shown(row, usersettings.stored(row, value))
    return without_password(text) if usersettings.has_login(row) else text


def rows_of_image(settings):
    """Yield the rows of the CSV for esp_idf_nvs_partition_gen; BadSetting for a file setting."""
    yield ["key", "type", "encoding", "value"]
    yield [NAMESPACE, "namespace", "", ""]
    for row, value in settings:
        if usersettings.is_file(row):
            raise BadSetting(
                f"{row[_NAME]} is a file on the board, not a key in this image. Write it with "
                f"make provision PORT=... ARGS={row[_NAME]}=@FILE, or send the camera the command"
            )
        kept = usersettings.stored(row, value)
        if isinstance(kept, int):
            yield [row[_KEY], "data", "i32", str(kept)]
        elif kept is not None:
            yield [row[_KEY], "data", "hex2bin", kept.hex()]


def make_image(path, settings, size=_SIZE):
    """Write an image of the partition nvs with only these settings; `size` is in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        table, made = Path(folder) / "settings.csv", Path(folder) / "nvs.bin"
        with table.open("w", newline="") as file:
            csv.writer(file).writerows(rows_of_image(settings))
        command = [sys.executable, "-m", "esp_idf_nvs_partition_gen", "generate"]
        command += [str(table), str(made), hex(size)]  # it requires a name that ends in .bin
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
        if done.returncode:
            reason = (done.stderr or done.stdout).strip()[-300:]
            raise BadSetting(f"the image cannot be generated: {reason}")
        try:
            shutil.copyfile(made, path)
        except OSError as exc:
            raise BadSetting(f"{path} cannot be written: {exc.strerror}") from None


def prompted(given):
    """Return the settings; prompt for each value that is `-`."""
    return [(name, getpass.getpass(f"{name}: ") if text == "-" else text) for name, text in given]


def parse(argv=None):
    parser = argparse.ArgumentParser(prog="provision.py", description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="+", metavar="PORT | NAME=VALUE", help=PORT_HELP)
    parser.add_argument(
        "--image", metavar="FILE", help="make an image of the partition nvs instead"
    )
    parser.add_argument(
        "--size",
        type=lambda text: int(text, 0),
        default=_SIZE,
        help="size of that partition; default 0x4000; MicroPython without OTA has 0x6000",
    )
    parser.add_argument("--no-restart", action="store_true", help="leave the board at its prompt")
    args = parser.parse_args(argv)
    args.port = None if args.image else args.words.pop(0)
    if not args.words or (args.port and "=" in args.port and "://" not in args.port):
        parser.error("expected PORT NAME=VALUE ..., or --image FILE NAME=VALUE ...")
    return args


def main(argv=None):
    args = parse(argv)
    try:
        settings = usersettings.checked(prompted(usersettings.pairs(args.words)))
        if args.image:
            make_image(args.image, settings, args.size)
            print(f"{args.image}; to write it: make flash PORT=... ARGS='--nvs {args.image}'")
            return 0
        with Board(args.port) as board:
            board.interrupt()
            board.facts()
            write(board, settings)
            if not args.no_restart:
                board.reset()
                print("The board restarts with these settings.")
    except (BoardError, BadSetting) as exc:
        print(f"provision: {exc}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
