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
        value = borrow("proto.uri").without_password(value)
    return json.dumps(str(value))


async def write(exchange):
    """Set all that are given, or none; what is wrong stands beside each name."""
    return "pages.apisave", "settings", await borrow("app.http.json_body").texts(exchange)
