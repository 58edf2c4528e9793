"""One row of the settings' table (schema.py): its columns, and the check that it means."""

from aio.late import borrow


def columns(line):
    """(name, key, kind, default, check, [flag, ...])"""
    name, key, kind, default, check, flags = line.split("|")
    return name, key, kind, int(default) if kind == "int" else default, check, flags.split()


def made(what, kept):
    """The check that `texts.Chars 1 31` means, to be called with text.

    `kept` has modules that need no loading. Few rows are looked at at a time, and some checks are
    large: each is made when it is wanted.
    """
    what, *limits = what.split(" ")
    module, _, kind = what.partition(".")
    checks = kept.get(module) or borrow("proto." + module)
    return getattr(checks, kind)(*[int(each) if each.isdigit() else each for each in limits])
