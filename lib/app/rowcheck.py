"""Makes the check of a setting out of what its row says (app.schema); borrow it."""

from aio.late import borrow


def made(what, kept):
    """The check that `texts.Chars 1 31` means, to be called with text.

    `kept` has modules that need no loading. Few rows are looked at at a time, and some checks are
    large: each is made when it is wanted.
    """
    what, *limits = what.split(" ")
    module, _, kind = what.partition(".")
    checks = kept.get(module) or borrow("proto." + module)
    return getattr(checks, kind)(*[int(each) if each.isdigit() else each for each in limits])
