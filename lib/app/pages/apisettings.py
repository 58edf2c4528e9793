"""GET and POST /api/settings: every row of the schema, and new values for some."""

from aio.late import borrow
from app.pages import apibody
from proto.http import BadRequest
from proto.values import BadArgument


async def read(exchange):
    """{"settings": [{"name", "kind", "value", "allowed", ...}, ...]}; secrets have no value."""
    settings = exchange.site.settings
    desk = borrow("app.settingdesk")
    kept = desk.schema.checks()
    rows = (
        _described(settings, desk.schema, row, text, kept) for row, text in desk.shown(settings)
    )
    await apibody.stream(exchange, "settings", rows)


def _described(settings, of, row, text, kept):
    check, name, names = of.check_of(row, kept), row[of.NAME], of.choices(row)
    found = {"name": name, "kind": "text", "value": text, "allowed": str(check)}
    if row[of.FLAGS] & of.SECRET or row[of.KIND] == of.FILE:
        found["kind"] = "file" if row[of.KIND] == of.FILE else "secret"
        found["value"] = None
        found["set"] = bool(settings[name])
    elif names:
        found["kind"] = "choice"
        found["options"] = names
        found["default"] = names[row[of.DEFAULT]]
    elif row[of.KIND] == of.INT:
        found["kind"] = "number"
        found["low"], found["high"] = check.low, check.high
    found.setdefault("default", str(row[of.DEFAULT]))
    found["restarts"] = bool(row[of.FLAGS] & of.RESTART)
    return found


async def write(exchange):
    """Set all that are given, or none; what is wrong stands beside each name."""
    settings = exchange.site.settings
    wanted = await apibody.read(exchange)
    for name in wanted:
        wanted[name] = apibody.text_of(name, wanted[name])
    changes = borrow("app.pages.changes")
    wrong = changes.faults(settings, wanted)
    if wrong:
        what = "Nothing was changed: {}.".format(", ".join(sorted(wrong)))
        await apibody.write(exchange, {"error": what, "faults": wrong}, 400)
        return
    try:
        saved = changes.make(settings, wanted)
    except BadArgument as e:
        raise BadRequest(400, str(e)) from None
    answer = {"restarts": changes.restarts(settings, wanted), "saved": saved}
    await apibody.write(exchange, answer)
