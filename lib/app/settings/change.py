"""Values of settings that are checked already are put in force; borrow it."""

import os

from aio.late import borrow
from app.settings.row import columns
from proto.values import BadArgument


def change_all(settings, lines, values):
    """{name: what is wrong} of {name: value}: all are in force then, or none."""
    for line in lines.values():
        row = columns(line)
        try:
            values[row[0]] = prepare(settings, row, values[row[0]])
        except BadArgument as e:
            for each in lines.values():
                if "|file|" in each:
                    replace_file(columns(each)[1] + ".new", "")
            return {row[0]: str(e)}
    for line in lines.values():
        row = columns(line)
        put(settings, row, values[row[0]])
    return {}


def prepare(settings, row, value):
    """The value to be put in force, once done what can fail (BadArgument, MemoryError).

    A file is written beside the old one, a password becomes its hash.
    """
    name, key, kind, _, _, flags = row
    if "public_key" in flags:  # another one may have come since the check
        borrow("app.signing_key").check(value, settings[name])
    if kind == "file" and value:
        try:
            with open(key + ".new", "w") as f:
                f.write(value)
        except OSError as e:
            raise BadArgument("not saved: {}".format(e)) from None
    return borrow("app.password").hashed(value) if "hashed" in flags else value


def put(settings, row, value):
    """Change what is prepared."""
    name, key, kind, _, _, flags = row
    if kind == "file":
        value = replace_file(key, value)
    elif value == settings[name]:
        return
    settings.keep(name, value, to_save=kind != "file")
    if "fresh" in flags:
        settings.keep("mqttcleansession", 1)
    settings.tell(flags)


def replace_file(path, text):
    """The path, with the new content whole (rename); without `text` the file goes."""
    if text:
        os.rename(path + ".new", path)
        return path
    try:
        os.remove(path)
    except OSError:  # there was none
        pass
    return ""
