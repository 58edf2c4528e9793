"""Settings as a user names them, and as the firmware keeps them: by the firmware's own table."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
for _folder in ("tools/pc", "lib"):
    if str(ROOT / _folder) not in sys.path:
        sys.path.append(str(ROOT / _folder))

from app.settings import schema  # noqa: E402 - found on the path above
from proto.params import PARAMS  # noqa: E402
from proto.values import BadArgument  # noqa: E402

NAMESPACE = schema.NAMESPACE
CAMERA = "cam_param"  # the namespace of the camera's parameters
JOURNAL = "SAVE_JOURNAL"  # there while a save of several settings is unfinished
_CLEAN = "mqttcleansession"


class BadSetting(Exception):
    """A setting that the firmware would refuse; the text is for people."""


def pairs(words):
    """[(name, text), ...] of NAME=VALUE words; NAME=@FILE is what the file holds."""
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


def checked(given):
    """[(row, value), ...] as the firmware would take them; BadSetting for the first it would not.

    A value of None means the default: the firmware keeps nothing for it.
    """
    result = {}
    for name, text in given:
        row = schema.find(name)
        if row is None:
            names = ", ".join(row[schema.NAME] for row in visible())
            raise BadSetting(f"no setting is named {name}; there are: {names}")
        result[name] = (row, _value(row, text))
        if "fresh" in row[schema.FLAGS]:
            result.setdefault(_CLEAN, (schema.find(_CLEAN), None))
    return list(result.values())


def _value(row, text):
    if text == "1" and "default_by_1" in row[schema.FLAGS]:
        return None
    try:
        value = schema.check_of(row, {})(text)
    except BadArgument as exc:
        raise BadSetting(f"{row[schema.NAME]}: {exc}") from None
    return None if value == row[schema.DEFAULT] else value


def visible():
    """The rows of settings that are commands, too."""
    return [row for row in schema.all_rows() if "hidden" not in row[schema.FLAGS]]


def is_file(row):
    return row[schema.KIND] == "file"


def is_secret(row):
    return "secret" in row[schema.FLAGS]


def stored(row, value):
    """What stands in NVS: an int, bytes, or None for nothing."""
    return value if value is None or row[schema.KIND] == "int" else value.encode()


def shown(row, value):
    """A value as the user would type it; raises BadSetting where the firmware would refuse it."""
    text = str(value) if isinstance(value, int) else value.decode(errors="replace").rstrip("\0")
    try:
        value = schema.check_of(row, {})(text)
    except BadArgument as exc:
        raise BadSetting(f"{row[schema.NAME]}: {exc}") from None
    names = schema.choices(row)
    return names[value] if names else str(value)


def camera_parameters(values):
    """[(name, value), ...] of camera parameters; BadSetting for what the firmware would refuse."""
    ranges = {name: (low, high) for name, low, high, _ in PARAMS}
    for name, value in values.items():
        low, high = ranges.get(name, (1, 0))
        if not isinstance(value, int) or not low <= value <= high:
            raise BadSetting(f"camera: {name} cannot be {value}")
    return list(values.items())
