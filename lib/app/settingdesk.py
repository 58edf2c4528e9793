"""What is done with settings now and then: loaded, shown, erased; borrow it."""

from aio.late import borrow
from app import schema
from app.commandtable import GROUP_TOO
from proto.values import UnknownCommand

MASK = "***"


def load(settings):
    """Put in force what is stored, after a save that was cut short has been finished."""
    store = _store(settings)
    store.recover()
    kept = schema.checks()
    for row in schema.all_rows():
        name = row[schema.NAME]
        settings.keep(name, store.load(row, kept), to_save=False)
        if row[schema.FLAGS] & schema.HASHED and settings[name]:
            # whoever filled the flash from outside has written it as it is
            settings.keep(name, borrow("app.password").hashed(settings[name]))


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
