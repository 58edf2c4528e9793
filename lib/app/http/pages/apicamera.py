"""GET and POST /api/camera: the parameters, their ranges, and new values for them."""

from aio.late import borrow


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
    return "pages.apisave", "camera", await borrow("app.http.json_body").read(exchange)
