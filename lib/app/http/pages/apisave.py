"""What was sent to the API is put in force: all of it, or nothing."""

import json

from proto.http import BadRequest
from proto.values import BadArgument


async def settings(exchange, wanted):
    """{name: text}; the reply says whether it is saved, or what is wrong with each."""
    wrong, saved, restarts = await exchange.site.settings.apply(wanted)
    if wrong:
        what = "Nothing was changed: {}.".format(", ".join(sorted(wrong)))
        return "json_reply", "write", {"error": what, "faults": wrong}, 400
    return "json_reply", "write", {"restarts": restarts, "saved": saved}


async def camera(exchange, wanted):
    """{parameter: value}; the reply has all values."""
    site = exchange.site
    try:
        await site.commands.call("camera", json.dumps(wanted))
    except BadArgument as e:
        raise BadRequest(400, str(e)) from None
    return "json_reply", "write", {"values": site.status.camera.values()}
