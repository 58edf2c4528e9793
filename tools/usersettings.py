"""Settings by their names, checked and encoded by the firmware's own table and code."""

import asyncio
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
for _folder in ("tools/pc", "lib"):
    if str(ROOT / _folder) not in sys.path:
        sys.path.append(str(ROOT / _folder))

from app import password  # noqa: E402 - found on the path above
from app.settings import schema  # noqa: E402
from proto.params import PARAMS  # noqa: E402
from proto.values import BadArgument  # noqa: E402

NAMESPACE = schema.NAMESPACE
CAMERA = "cam_param"  # the namespace of the camera's parameters
JOURNAL = "SAVE_JOURNAL"  # there while a save of several settings is unfinished
_CLEAN = "mqttcleansession"


class BadSetting(Exception):
    """A setting that the firmware would refuse; the text is for people."""


def pairs(words):
    """Return [(name, text), ...] of NAME=VALUE words; NAME=@FILE is the content of the file."""
    found = []
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise BadSetting(f"{word}: expected NAME=VALUE")
        if text.startswith("@"):
            try:
                text = Path(text[1:]).read_text()
            except (OSError, UnicodeDecodeError) as exc:
                raise BadSetting(f"{name}: {exc}") from None
        found.append((name, text))
    return found


def checked(given, backup=False):
    """Return [(row, value), ...] as the firmware would take them; BadSetting for the first fault.

    A value of None means the default: nothing is stored for it. A password is hashed here, so that
    its clear text never leaves the PC; only a `backup` may hold a hash, which stays as it is.
    """
    result = {}
    for name, text in given:
        row = schema.find(name)
        if row is None or is_hidden(row):
            names = ", ".join(row[schema.NAME] for row in visible())
            raise BadSetting(f"no setting is named {name}; there are: {names}")
        result[name] = (row, _value(row, text, backup))
        if row[schema.FLAGS] & schema.CLEAN_SESSION:
            result.setdefault(_CLEAN, (schema.find(_CLEAN), None))
    return list(result.values())


def _value(row, text, backup):
    if text == "1" and row[schema.FLAGS] & schema.DEFAULT_BY_1:
        return None
    is_hashed = row[schema.FLAGS] & schema.HASHED
    if backup and is_hashed and password.is_hash(text):
        return text
    value = taken(row, text)
    if value == row[schema.DEFAULT]:
        return None
    return hashed(value) if is_hashed else value


def taken(row, text):
    """Return the value that the firmware takes a text for; BadSetting if it would refuse it."""
    try:
        return row[schema.CHECK](text)
    except BadArgument as exc:
        raise BadSetting(f"{row[schema.NAME]}: {exc}") from None


def hashed(text):
    """Return what the firmware stores of a password."""
    return asyncio.run(password.hashed(text))


def visible():
    """Return the rows of settings that are commands, too."""
    return [row for row in schema.SCHEMA if not is_hidden(row)]


def is_hidden(row):
    return bool(row[schema.FLAGS] & schema.HIDDEN)


def is_file(row):
    return row[schema.KIND] == schema.FILE


def is_number(row):
    return row[schema.KIND] == schema.INT


def is_secret(row):
    return bool(row[schema.FLAGS] & schema.SECRET)


def stored(row, value):
    """Return the value in NVS: an int, bytes, or None for nothing."""
    return value if value is None or is_number(row) else value.encode()


def shown(row, value):
    """Return a stored value as the user would type it; BadSetting if the firmware would refuse it.

    Of a password that is its hash, or its clear text if older firmware has left that in flash.
    """
    text = str(value) if isinstance(value, int) else value.decode(errors="replace").rstrip("\0")
    if row[schema.FLAGS] & schema.HASHED and password.is_hash(text):
        return text
    value, names = taken(row, text), schema.choices(row)
    return names[value] if names else str(value)


def camera_parameters(values):
    """Return [(name, value), ...] of camera parameters; BadSetting for what would be refused."""
    ranges = {name: (low, high) for name, low, high, _ in PARAMS}
    for name, value in values.items():
        low, high = ranges.get(name, (1, 0))
        if not isinstance(value, int) or not low <= value <= high:
            raise BadSetting(f"camera: {name} cannot be {value}")
    return list(values.items())
