"""What is done with settings now and then: loaded, shown, erased; borrow it."""

import os

from aio.late import borrow
from app.commandtable import GROUP_TOO
from app.settings import schema
from proto.values import BadArgument, UnknownCommand

MASK = "***"
_WRONG = "(not usable)"  # a network that had a password does not become an open one


def load(settings):
    """Put in force what is stored, after a save that was cut short has been finished."""
    borrow("app.settings.store").recover(settings.nvs, settings.log)
    kept = schema.checks()
    for row in schema.all_rows():
        name = row[schema.NAME]
        settings.keep(name, _stored(settings, row, kept), to_save=False)
        if "hashed" in row[schema.FLAGS] and settings[name]:
            # whoever filled the flash from outside has written it as it is
            settings.keep(name, borrow("app.password").hashed(settings[name]))


def _stored(settings, row, kept):
    """The stored value; the default where it is missing, or no longer allowed.

    In place of a network's password stands one that is wrong then.
    """
    kind, key, flags = row[schema.KIND], row[schema.KEY], row[schema.FLAGS]
    if kind == "file":
        return key if _exists(key) else ""
    stored = (settings.nvs.get_int if kind == "int" else settings.nvs.get_blob)(key)
    if stored is None:
        return row[schema.DEFAULT]
    try:
        text = str(stored) if kind == "int" else stored.decode().rstrip("\0")
        return schema.check_of(row, kept)(text)
    except (BadArgument, UnicodeError):
        locked = "secret" in flags and "rejoin" in flags
        what = "set it anew" if locked else "default"
        text = "stored {} was unusable: {}".format(row[schema.NAME], what)
        settings.log.error("settings", text)
        return _WRONG if locked else row[schema.DEFAULT]


def _exists(path):
    try:
        os.stat(path)
        return True
    except OSError:
        return False


def command(settings, name, argument, group):
    """(name, text, flags) for the reply to a command of that name."""
    row = schema.find(name)
    flags = row[schema.FLAGS]
    if "hidden" in flags or (group and "group" not in flags):
        raise UnknownCommand(name)
    if argument:
        settings.set(name, argument)
    return name, _text(settings, row), GROUP_TOO if "group" in flags else 0


def shown(settings):
    """(row, value as text) of each that is not hidden; secrets masked."""
    for row in schema.all_rows():
        if "hidden" not in row[schema.FLAGS]:
            yield row, _text(settings, row)


def show(settings, name):
    return _text(settings, schema.find(name))


def _text(settings, row):
    if "secret" in row[schema.FLAGS]:
        return MASK
    value = settings[row[schema.NAME]]
    if "login" in row[schema.FLAGS] and "@" in value:
        return borrow("proto.url").hidden(value)
    names = schema.choices(row)
    return names[value] if names else str(value)


def files():
    """Paths of the settings that are kept as files."""
    return [row[schema.KEY] for row in schema.all_rows() if row[schema.KIND] == "file"]


def erase(settings):
    """Forget everything that the user has set."""
    for path in files():
        borrow("app.settings.change").replace_file(path, "")
    keys = [row[schema.KEY] for row in schema.all_rows() if row[schema.KIND] != "file"]
    borrow("app.settings.store").erase(settings.nvs, keys)
    settings.dirty.clear()
