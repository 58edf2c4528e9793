"""GET and POST /api/camera: the parameters, their ranges, and new values for them."""

import json

from aio.late import borrow
from proto.http import BadRequest
from proto.values import BadArgument


async def read(exchange):
    """{"parameters": [{"name", "value", "low", "high", "default"}, ...]}

    A value is null where this camera's driver does not offer the parameter. All but the values
    stands in camera.json (tools/docs.py), which is read line by line.
    """
    values = exchange.site.status.camera.values()
    await exchange.start(200, "application/json")
    send = exchange.site.part("template").send
    await send(exchange, "camera.json", lambda name: str(values.get(name, "null")))


async def write(exchange):
    """Set all that are given, or none; answers with all values."""
    wanted = await borrow("app.pages.apibody").read(exchange)
    try:
        exchange.site.commands.call("camera", json.dumps(wanted))
    except BadArgument as e:
        raise BadRequest(400, str(e)) from None
    await borrow("app.pages.apireply").write(
        exchange, {"values": exchange.site.status.camera.values()}
    )
