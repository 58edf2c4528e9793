"""What is done with settings now and then: loaded, shown, erased; borrow it."""

import os

from aio.late import borrow
from app import schema
from app.commandtable import GROUP_TOO
from proto.values import BadArgument, UnknownCommand

MASK = "***"
_WRONG = "(not usable)"  # a network that had a password does not become an open one


def load(settings):
    """Put in force what is stored, after a save that was cut short has been finished."""
    _store(settings).recover()
    kept = schema.checks()
    for row in schema.all_rows():
        name = row[schema.NAME]
        settings.keep(name, _stored(settings, row, kept), to_save=False)
        if row[schema.FLAGS] & schema.HASHED and settings[name]:
            # whoever filled the flash from outside has written it as it is
            settings.keep(name, borrow("app.password").hashed(settings[name]))


def _stored(settings, row, kept):
    """The stored value; the default where it is missing, or no longer allowed.

    In place of a network's password stands one that is wrong then.
    """
    kind, key, flags = row[schema.KIND], row[schema.KEY], row[schema.FLAGS]
    if kind == schema.FILE:
        return key if _exists(key) else ""
    stored = (settings.nvs.get_int if kind == schema.INT else settings.nvs.get_blob)(key)
    if stored is None:
        return row[schema.DEFAULT]
    try:
        text = str(stored) if kind == schema.INT else stored.decode().rstrip("\0")
        return schema.check_of(row, kept)(text)
    except (BadArgument, UnicodeError):
        locked = flags & schema.SECRET and flags & schema.REJOIN
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
    if flags & schema.HIDDEN or (group and not flags & schema.GROUP):
        raise UnknownCommand(name)
    if argument:
        settings.set(name, argument)
    return name, _text(settings, row), GROUP_TOO if flags & schema.GROUP else 0


def shown(settings):
    """(row, value as text) of each that is not hidden; secrets masked."""
    for row in schema.all_rows():
        if not row[schema.FLAGS] & schema.HIDDEN:
            yield row, _text(settings, row)


def show(settings, name):
    return _text(settings, schema.find(name))


def _text(settings, row):
    if row[schema.FLAGS] & schema.SECRET:
        return MASK
    value = settings[row[schema.NAME]]
    if row[schema.FLAGS] & schema.LOGIN and "@" in value:
        return borrow("proto.url").hidden(value)
    names = schema.choices(row)
    return names[value] if names else str(value)


def files():
    """Paths of the settings that are kept as files."""
    return [row[schema.KEY] for row in schema.all_rows() if row[schema.KIND] == schema.FILE]


def erase(settings):
    """Forget everything that the user has set."""
    _store(settings).erase(schema.all_rows())
    settings.dirty.clear()


def _store(settings):
    return borrow("app.settingstore").SettingStore(settings)
