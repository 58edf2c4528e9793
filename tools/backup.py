"""Back up a board's settings to a file on the PC, and restore them.

    make backup PORT=/dev/ttyUSB0 FILE=porch.json      (ARGS=--secrets includes passwords)
    make restore PORT=/dev/ttyUSB0 FILE=porch.json

The file is JSON with the settings, by the names of their commands, and the stored camera
parameters. A restore does not change settings that are not in the file. Of `adminpass`, the file
contains only the hash.
"""

import argparse
import json
import os
import sys
from pathlib import Path

import provision
import usersettings
from boardlink import PORT_HELP, Board, BoardError
from usersettings import CAMERA, NAMESPACE, PARAMS, BadSetting

from proto.uri import login_of, with_login

_FORMAT = 1
_NAME, _KEY = 0, 1


def read(board, secrets=False, say=print):
    """Return a board's settings as the dictionary that the file holds."""
    board.load("settings.py")
    kept, left_out = {}, []
    for row in usersettings.visible():
        value = _stored(board, row)
        if value is None:
            continue
        if usersettings.is_secret(row) and not secrets:
            left_out.append(row[_NAME])
            continue
        try:
            text = usersettings.shown(row, value)
        except BadSetting as exc:
            say(f"left out, because the firmware would refuse it: {exc}")
            continue
        if usersettings.has_login(row) and login_of(text) and not secrets:
            left_out.append(f"the login in {row[_NAME]}")
            text = with_login(text, "")
        kept[row[_NAME]] = text
    if left_out:
        say(f"left out: {', '.join(left_out)} (--secrets adds them to the file, unencrypted)")
    camera = {}
    for name, *_ in PARAMS:
        value = board.evaluate(f"stored({CAMERA!r}, {name!r}, True)")
        if value is not None:
            camera[name] = value
    device = board.evaluate("__import__('machine').unique_id()").hex()
    return {"format": _FORMAT, "board": device, "settings": kept, "camera": camera}


def _stored(board, row):
    if usersettings.is_file(row):
        return board.get("/" + row[_KEY])
    number = usersettings.is_number(row)
    return board.evaluate(f"stored({NAMESPACE!r}, {row[_KEY]!r}, {number})")


def save(board, path, secrets=False):
    """Write a board's settings to a file; with secrets, only its owner may read it."""
    data = read(board, secrets)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if secrets else 0o644)
    with open(file, "w") as opened:
        json.dump(data, opened, indent=2)
        opened.write("\n")
    print(f"{path}: {len(data['settings'])} settings, {len(data['camera'])} camera parameters")


def load(path):
    """Return (settings, camera parameters) of a file, checked.

    Raises BadSetting if the file is not a backup or the firmware would refuse a value.
    """
    try:
        data = json.loads(Path(path).read_text())
        if data["format"] != _FORMAT:
            raise BadSetting(f"{path}: format {data['format']} is from a newer version")
        given, camera = data["settings"].items(), data.get("camera", {})
    except OSError as exc:
        raise BadSetting(f"{path}: {exc.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadSetting(f"{path} is not a backup of settings") from None
    return usersettings.checked(given, backup=True), usersettings.camera_parameters(camera)


def parse(argv=None):
    parser = argparse.ArgumentParser(prog="backup.py", description=__doc__.splitlines()[0])
    parser.add_argument("port", help=PORT_HELP)
    parser.add_argument("file", help="JSON file")
    parser.add_argument(
        "--restore", action="store_true", help="write the file's settings to the board"
    )
    parser.add_argument("--secrets", action="store_true", help="include passwords, unencrypted")
    return parser.parse_args(argv)


def main(argv=None):
    args = parse(argv)
    try:
        wanted = load(args.file) if args.restore else None
        with Board(args.port) as board:
            board.interrupt()
            board.facts()
            if wanted:
                provision.write(board, *wanted)
            else:
                save(board, args.file, args.secrets)
            board.reset()
    except (BoardError, BadSetting, OSError) as exc:
        print(f"{'restore' if args.restore else 'backup'}: {exc}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
