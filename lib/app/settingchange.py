"""Values of settings that are checked already are put in force; borrow it."""

import os

from aio.late import borrow
from app.settingrow import columns
from proto.values import BadArgument


def change(settings, row, value):
    """Put one in force; raises BadArgument where it is a file for which there is no room."""
    name, key, kind, _, _, flags = row
    if "public_key" in flags:  # another one may have come since the check
        borrow("app.update.key").check(value, settings[name])
    if kind == "file":
        value = write_file(key, value)
    elif "hashed" in flags:
        value = borrow("app.password").hashed(value)
    if value == settings[name] and kind != "file":
        return
    settings.keep(name, value, to_save=kind != "file")
    if "fresh" in flags:
        settings.set("mqttcleansession", "1")
    settings.tell(flags)


def change_all(settings, lines, values):
    """{name: what is wrong} of {name: value}: all are in force then, or none."""
    for line in sorted(lines.values(), key=_can_fail, reverse=True):
        row = columns(line)
        try:
            change(settings, row, values[row[0]])
        except BadArgument as e:  # nothing has changed yet
            return {row[0]: str(e)}
    return {}


def _can_fail(line):
    """How soon it has to be its turn."""
    return ("|file|" in line) + ("public_key" in line)


def write_file(path, text):
    """The path; the file is replaced whole or not at all (rename), "" removes it."""
    if not text:
        try:
            os.remove(path)
        except OSError:  # there was none
            pass
        return ""
    try:
        with open(path + ".new", "w") as f:
            f.write(text)
        os.rename(path + ".new", path)
    except OSError as e:
        raise BadArgument("not saved: {}".format(e)) from None
    return path
