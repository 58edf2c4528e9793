"""Settings by name, checked and encoded by the firmware's own code."""

import asyncio
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
for _folder in ("tools/pc", "lib", ""):
    if str(ROOT / _folder) not in sys.path:
        sys.path.append(str(ROOT / _folder))

from app import password  # noqa: E402 - found on the path above
from app.settings import schema  # noqa: E402
from proto.params import PARAMS  # noqa: E402
from proto.values import BadArgument  # noqa: E402

NAMESPACE = schema.NAMESPACE
CAMERA = "cam_param"  # namespace of the camera parameters
JOURNAL = "SAVE_JOURNAL"  # exists while a save of several settings is unfinished
_CLEAN = "mqttcleansession"


class BadSetting(Exception):
    """The firmware would refuse a setting; the text is for people."""


def pairs(words):
    """Return [(name, text), ...] of NAME=VALUE words; NAME=@FILE reads the file."""
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
    """Return [(row, value), ...] as in the firmware; BadSetting if it would refuse one.

    None means the default, for which nothing is stored. A password is hashed here, so that its
    clear text never leaves the PC. Only a `backup` may contain a hash, which is kept.
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
    value = parsed(row, text)
    if value == row[schema.DEFAULT]:
        return None
    return hashed(value) if is_hashed else value


def parsed(row, text):
    """Return the value of a text as in the firmware; BadSetting if it would refuse it."""
    try:
        return row[schema.CHECK](schema.typed(row, text))
    except BadArgument as exc:
        raise BadSetting(f"{row[schema.NAME]}: {exc}") from None


def hashed(text):
    """Return the hash that the firmware stores for a password."""
    return asyncio.run(password.hashed(text))


def visible():
    """Return the rows of the settings that are commands."""
    return [row for row in schema.SCHEMA if not is_hidden(row)]


def is_hidden(row):
    return bool(row[schema.FLAGS] & schema.HIDDEN)


def is_file(row):
    return row[schema.KIND] == schema.FILE


def is_number(row):
    return row[schema.KIND] == schema.INT


def is_secret(row):
    return bool(row[schema.FLAGS] & schema.SECRET)


def has_login(row):
    """Return True for an address that may contain a password."""
    return bool(row[schema.FLAGS] & schema.LOGIN)


def stored(row, value):
    """Return the value in NVS: an int, bytes, or None if nothing is stored."""
    return value if value is None or is_number(row) else value.encode()


def shown(row, value):
    """Return a stored value as the user would type it; BadSetting if the firmware would refuse it.

    For a password that is its hash, or its clear text if older firmware has stored that.
    """
    text = str(value) if isinstance(value, int) else value.decode(errors="replace").rstrip("\0")
    if row[schema.FLAGS] & schema.HASHED and password.is_hash(text):
        return text
    value, names = parsed(row, text), schema.choices(row)
    return names[value] if names else str(value)


def camera_parameters(values):
    """Return [(name, value), ...] of camera parameters; BadSetting if one is out of range."""
    ranges = {name: (low, high) for name, low, high, _ in PARAMS}
    for name, value in values.items():
        low, high = ranges.get(name, (1, 0))
        if not isinstance(value, int) or not low <= value <= high:
            raise BadSetting(f"camera: {name} cannot be {value}")
    return list(values.items())
