"""GET and POST /api/settings: every row of the schema, and new values for some."""

from app.pages import apibody, changes
from app.schema import CHECK, DEFAULT, FILE, FLAGS, KIND, NAME, RESTART, SECRET
from proto.http import BadRequest
from proto.values import BadArgument


async def read(exchange):
    """{"settings": [{"name", "kind", "value", "allowed", ...}, ...]}; secrets have no value."""
    settings = exchange.site.settings
    rows = (_described(settings, row, text) for row, text in settings.all())
    await apibody.stream(exchange, "settings", rows)


def _described(settings, row, text):
    check, name = row[CHECK], row[NAME]
    found = {"name": name, "kind": "text", "value": text, "allowed": str(check)}
    if row[FLAGS] & SECRET or row[KIND] == FILE:
        found["kind"] = "file" if row[KIND] == FILE else "secret"
        found["value"] = None
        found["set"] = bool(settings[name])
    elif hasattr(check, "names"):
        found["kind"] = "choice"
        found["options"] = list(check.names)
        found["default"] = check.names[row[DEFAULT]]
    elif isinstance(row[DEFAULT], int):
        found["kind"] = "number"
        found["low"], found["high"] = check.low, check.high
    found.setdefault("default", str(row[DEFAULT]))
    found["restarts"] = bool(row[FLAGS] & RESTART)
    return found


async def write(exchange):
    """Set all that are given, or none; what is wrong stands beside each name."""
    settings = exchange.site.settings
    wanted = await apibody.read(exchange)
    for name in wanted:
        wanted[name] = apibody.text_of(name, wanted[name])
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
