"""GET and POST /api/settings: every row of the schema, and new values for some."""

import json

from aio.late import borrow


async def read(exchange):
    """{"settings": [{"name", "kind", "value", "allowed", ...}, ...]}; secrets have no value.

    All but the values stands in settings.json (tools/docs.py), which is read line by line.
    """
    settings = exchange.site.settings
    await exchange.start(200, "application/json")
    send = exchange.site.part("template").send
    await send(exchange, "settings.json", lambda blank: (_value(settings, blank),))


def _value(settings, blank):
    """What stands in a blank, `choice:mqttverify ca off` for instance, as JSON."""
    what, _, rest = blank.partition(":")
    name, *names = rest.split(" ")
    value = settings[name]
    if what == "set":
        return "true" if value else "false"
    if what == "choice":
        value = names[value]
    elif what == "login" and "@" in value:
        value = borrow("proto.url").hidden(value)
    return json.dumps(str(value))


async def write(exchange):
    """Set all that are given, or none; what is wrong stands beside each name."""
    settings = exchange.site.settings
    wanted = await _texts(exchange)
    wrong, saved, restarts = settings.apply(wanted)
    reply = borrow("app.pages.apireply")
    if wrong:
        what = "Nothing was changed: {}.".format(", ".join(sorted(wrong)))
        await reply.write(exchange, {"error": what, "faults": wrong}, 400)
        return
    await reply.write(exchange, {"restarts": restarts, "saved": saved})


async def _texts(exchange):
    """{name: text} as the request has it."""
    body = borrow("app.pages.apibody")
    return {name: body.text_of(name, value) for name, value in (await body.read(exchange)).items()}
