"""GET and POST /api/camera: the parameters, their ranges, and new values for them."""

import json

from app.pages import apibody
from proto.http import BadRequest
from proto.params import FRAMESIZES, PARAMS
from proto.values import BadArgument


async def read(exchange):
    """{"parameters": [{"name", "value", "low", "high", "default"}, ...]}"""
    await apibody.stream(exchange, "parameters", _all(exchange.site))


def _all(site):
    values = _values(site)
    for name, low, high, initial in PARAMS:
        if name not in values:  # not offered by this camera's driver
            continue
        row = {"name": name, "value": values[name], "low": low, "high": high, "default": initial}
        if name == "framesize":
            row["options"] = ["{} x {}".format(size[1], size[2]) for size in FRAMESIZES]
        yield row


def _values(site):
    return json.loads(site.commands.call("camera", "")[1])


async def write(exchange):
    """Set all that are given, or none; answers with all values."""
    wanted = await apibody.read(exchange)
    try:
        exchange.site.commands.call("camera", json.dumps(wanted))
    except BadArgument as e:
        raise BadRequest(400, str(e)) from None
    await apibody.write(exchange, {"values": _values(exchange.site)})
