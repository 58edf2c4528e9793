"""What is done with settings now and then: loaded, shown, changed, saved, erased; borrow it."""

from aio.late import borrow
from app import schema
from app.commandtable import GROUP_TOO
from proto.values import BadArgument, UnknownCommand

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


def row(name):
    """The row of a setting that is a command of its own, or None."""
    found = schema.find(name)
    return None if found is None or found[schema.FLAGS] & schema.HIDDEN else found


def command(settings, name, argument, group):
    """(name, text, flags) for the reply to a command of that name."""
    row = schema.find(name)
    flags = row[schema.FLAGS]
    if flags & schema.HIDDEN or (group and not flags & schema.GROUP):
        raise UnknownCommand(name)
    if argument:
        change(settings, name, argument)
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


def check(settings, name, text):
    """(row, value) of what a user typed; raises BadArgument."""
    row = schema.find(name)
    flags = row[schema.FLAGS]
    if _means_default(settings, flags, text):
        return row, row[schema.DEFAULT]
    value = schema.check_of(row, {})(text)
    if value and flags & schema.CERTIFICATE:
        borrow("app.tls").check_ca(value)
    if flags & schema.PUBLIC_KEY:
        borrow("app.update.key").check(value, settings[name])
    return row, value


def change(settings, name, text):
    """Check what a user typed and put it in force; raises BadArgument."""
    _put(settings, *check(settings, name, text))


def apply(settings, wanted):
    """({name: what is wrong}, whether it is saved, whether the camera restarts by itself).

    Of {name: text}: all are checked first, then all are in force and saved as one, or none.
    """
    wrong, checked = {}, []
    for name, text in wanted.items():
        try:
            if not row(name):
                raise BadArgument("there is no such setting")
            checked.append(check(settings, name, text))
        except BadArgument as e:
            wrong[name] = str(e)
    checked.sort(key=lambda pair: pair[0][schema.KIND] != schema.FILE)
    for found, value in checked if not wrong else ():
        try:
            _put(settings, found, value)
        except BadArgument as e:  # no room for the file: nothing has changed yet
            return {found[schema.NAME]: str(e)}, False, False
    restarts = any([found[schema.FLAGS] & schema.RESTART for found, _ in checked])
    return wrong, not wrong and save(settings), restarts


def _put(settings, row, value):
    name, flags, is_file = row[schema.NAME], row[schema.FLAGS], row[schema.KIND] == schema.FILE
    if is_file:
        value = _new_file(settings, row, value)
    elif flags & schema.HASHED:
        value = borrow("app.password").hashed(value)
    if value == settings[name] and not is_file:
        return
    settings.keep(name, value, to_save=not is_file)
    if flags & schema.FRESH:
        change(settings, "mqttcleansession", "1")
    settings.tell(flags)


def save(settings):
    """Write what has changed, as one; True when the flash has taken it."""
    names, settings.dirty = settings.dirty, []
    try:
        pairs = [(schema.find(name), settings[name]) for name in names]
        _store(settings).save(pairs)
        return True
    except (OSError, ValueError) as e:
        settings.dirty = names + [name for name in settings.dirty if name not in names]
        settings.log.error("settings", "not saved: {!r}".format(e))
        return False


def files():
    """Paths of the settings that are kept as files."""
    return [row[schema.KEY] for row in schema.all_rows() if row[schema.KIND] == schema.FILE]


def erase(settings):
    """Forget everything that the user has set."""
    _store(settings).erase(schema.all_rows())
    settings.dirty.clear()


def _store(settings):
    return borrow("app.settingstore").SettingStore(settings.nvs, settings.log, schema)


def _means_default(settings, flags, text):
    return (flags & schema.DEFAULT_BY_1 and text == "1") or (
        flags & schema.DEVICE_ID_TOO and text == settings.device_id
    )


def _new_file(settings, row, text):
    try:
        return _store(settings).write_file(row, text)
    except OSError as e:
        raise BadArgument("not saved: {}".format(e)) from None
