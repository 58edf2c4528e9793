"""POST /api/command: what MQTT and the consoles can say, over HTTP."""

from aio.late import borrow
from app.http import json_reply as apireply
from proto.http import BadRequest
from proto.values import BadArgument, UnknownCommand


async def run(exchange):
    """{"command": ..., "argument": ...} to {"command": ..., "reply": ...}."""
    body = borrow("app.http.json_body")
    asked = await body.read(exchange)
    name = asked.get("command")
    if not isinstance(name, str) or not set(asked) <= {"command", "argument"}:
        raise BadRequest(400, 'The body has to be {"command": "...", "argument": "..."}.')
    argument = body.text_of("argument", asked.get("argument", ""))
    body = None
    try:
        reply, text, _ = await exchange.site.commands.call(name, argument)
    except UnknownCommand:
        raise BadRequest(404, "There is no such command; the command help lists all.") from None
    except BadArgument as e:
        raise BadRequest(400, "{}: {}".format(name, e)) from None
    if text is None:  # it is said when it has been done
        text = "told on " + exchange.site.status.topics.stat(reply).decode()
    await apireply.write(exchange, {"command": reply, "reply": text})
