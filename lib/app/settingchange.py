"""How settings are changed: what a user typed is checked and put in force; borrow it."""

from aio.late import borrow
from app.rowcheck import made
from app.schema import (
    CERTIFICATE,
    CHECK,
    DEFAULT,
    DEFAULT_BY_1,
    DEVICE_ID_TOO,
    FILE,
    FLAGS,
    FRESH,
    HASHED,
    HIDDEN,
    KIND,
    NAME,
    PUBLIC_KEY,
    RESTART,
)
from proto.values import BadArgument


def check(settings, row, text):
    """The value of what a user typed for a row; raises BadArgument."""
    flags = row[FLAGS]
    if (flags & DEFAULT_BY_1 and text == "1") or (
        flags & DEVICE_ID_TOO and text == settings.device_id
    ):
        return row[DEFAULT]
    value = made(row[CHECK], {})(text)
    if value and flags & CERTIFICATE:
        borrow("app.tls").check_ca(value)
    if flags & PUBLIC_KEY:
        borrow("app.update.key").check(value, settings[row[NAME]])
    return value


def change(settings, name, text):
    """Check what a user typed and put it in force; raises BadArgument."""
    row = borrow("app.schema").find(name)
    _put(settings, row, check(settings, row, text))


def apply(settings, rows, wanted):
    """({name: what is wrong}, whether the camera restarts by itself).

    Of {name: text}, with the rows of the table that there are: all are checked first, then all are
    in force, or none.
    """
    wrong = _check_all(settings, rows, wanted)
    files_first = sorted(rows.values(), key=lambda row: row[KIND] != FILE)
    for row in files_first if not wrong else ():
        try:
            _put(settings, row, wanted[row[NAME]])
        except BadArgument as e:  # no room for the file: nothing has changed yet
            return {row[NAME]: str(e)}, False
    return wrong, any([row[FLAGS] & RESTART for row in rows.values()])


def _check_all(settings, rows, wanted):
    """{name: what is wrong}; what is right is in `wanted` as a value then."""
    wrong = {}
    for name, text in wanted.items():
        row = rows.get(name)
        try:
            if not row or row[FLAGS] & HIDDEN:
                raise BadArgument("there is no such setting")
            wanted[name] = check(settings, row, text)
        except BadArgument as e:
            wrong[name] = str(e)
    return wrong


def _put(settings, row, value):
    name, flags, is_file = row[NAME], row[FLAGS], row[KIND] == FILE
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


def _new_file(settings, row, text):
    try:
        return borrow("app.settingstore").SettingStore(settings).write_file(row, text)
    except OSError as e:
        raise BadArgument("not saved: {}".format(e)) from None
