"""What a user typed for settings is checked, and becomes values; borrow it."""

from aio.late import borrow
from app.settings.row import columns, made
from proto.values import BadArgument


def check(settings, row, text):
    """The value of what a user typed for a row; raises BadArgument."""
    name, _, kind, default, what, flags = row
    if "default_by_1" in flags and (text == "1" or (kind == "text" and not text)):
        return default
    if "device_id_too" in flags and text == settings.device_id:
        return default
    value = made(what, {})(text)
    if value and "certificate" in flags:
        borrow("app.tls").check_ca(value)
    if "public_key" in flags:
        borrow("app.signing_key").check(value, settings[name])
    return value


def take(settings, name, lines, wanted, wrong):
    """Make a value of the text in `wanted`, or say in `wrong` why it is none.

    `lines` are {name: line of the table} of those that there are.
    """
    row = columns(lines[name]) if name in lines else None
    try:
        if not row or "hidden" in row[-1]:
            raise BadArgument("there is no such setting")
        wanted[name] = check(settings, row, wanted[name])
    except BadArgument as e:
        wrong[name] = str(e)
