"""What is done with settings now and then: loaded, shown, changed, saved, erased; borrow it."""

from aio.late import borrow
from app.commandtable import GROUP_TOO
from app.schema import (
    CERTIFICATE,
    CHECK,
    DEFAULT,
    DEFAULT_BY_1,
    DEVICE_ID_TOO,
    FILE,
    FLAGS,
    FRESH,
    GROUP,
    HASHED,
    HIDDEN,
    KEY,
    KIND,
    LOGIN,
    NAME,
    PUBLIC_KEY,
    SCHEMA,
    SECRET,
    find,
)
from app.settingstore import SettingStore
from proto.values import BadArgument, UnknownCommand

MASK = "***"


def load(settings):
    """Put in force what is stored, after a save that was cut short has been finished."""
    store = SettingStore(settings.nvs, settings.log)
    store.recover()
    for row in SCHEMA:
        name = row[NAME]
        settings.keep(name, store.load(row), to_save=False)
        if row[FLAGS] & HASHED and settings[name]:
            # whoever filled the flash from outside has written it as it is
            settings.keep(name, borrow("app.password").hashed(settings[name]))


def row(name):
    """The row of a setting that is a command of its own, or None."""
    found = find(name)
    return None if found is None or found[FLAGS] & HIDDEN else found


def command(settings, name, argument, group):
    """(name, text, flags) for the reply to a command of that name."""
    row = find(name)
    flags = row[FLAGS]
    if flags & HIDDEN or (group and not flags & GROUP):
        raise UnknownCommand(name)
    if argument:
        change(settings, name, argument)
    return name, _text(settings, row), GROUP_TOO if flags & GROUP else 0


def shown(settings):
    """[(row, value as text), ...] of what is not hidden; secrets masked."""
    return [(row, _text(settings, row)) for row in SCHEMA if not row[FLAGS] & HIDDEN]


def show(settings, name):
    return _text(settings, find(name))


def _text(settings, row):
    if row[FLAGS] & SECRET:
        return MASK
    value = settings[row[NAME]]
    if row[FLAGS] & LOGIN and "@" in value:
        return borrow("proto.url").hidden(value)
    names = getattr(row[CHECK], "names", None)
    return names[value] if names else str(value)


def check(settings, name, text):
    """(row, value) of what a user typed; raises BadArgument."""
    row = find(name)
    flags = row[FLAGS]
    if _means_default(settings, flags, text):
        return row, row[DEFAULT]
    value = row[CHECK](text)
    if value and flags & CERTIFICATE:
        borrow("app.tls").check_ca(value)
    if flags & PUBLIC_KEY:
        borrow("app.update.key").check(value, settings[name])
    return row, value


def change(settings, name, text):
    """Check what a user typed and put it in force; raises BadArgument."""
    row, value = check(settings, name, text)
    flags, is_file = row[FLAGS], row[KIND] == FILE
    if is_file:
        value = _new_file(settings, row, value)
    elif flags & HASHED:
        value = borrow("app.password").hashed(value)
    if value == settings[name] and not is_file:
        return
    settings.keep(name, value, to_save=not is_file)
    if flags & FRESH:
        change(settings, "mqttcleansession", "1")
    settings.tell(flags)


def save(settings):
    """Write what has changed, as one; True when the flash has taken it."""
    names, settings.dirty = settings.dirty, []
    try:
        pairs = [(find(name), settings[name]) for name in names]
        SettingStore(settings.nvs, settings.log).save(pairs)
        return True
    except (OSError, ValueError) as e:
        settings.dirty = names + [name for name in settings.dirty if name not in names]
        settings.log.error("settings", "not saved: {!r}".format(e))
        return False


def files():
    """Paths of the settings that are kept as files."""
    return [row[KEY] for row in SCHEMA if row[KIND] == FILE]


def erase(settings):
    """Forget everything that the user has set."""
    SettingStore(settings.nvs, settings.log).erase(SCHEMA)
    settings.dirty.clear()


def _means_default(settings, flags, text):
    return (flags & DEFAULT_BY_1 and text == "1") or (
        flags & DEVICE_ID_TOO and text == settings.device_id
    )


def _new_file(settings, row, text):
    try:
        return SettingStore(settings.nvs, settings.log).write_file(row, text)
    except OSError as e:
        raise BadArgument("not saved: {}".format(e)) from None
