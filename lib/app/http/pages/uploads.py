"""POST /update: a firmware image from a browser or a program, streamed into the updater."""

from app.http import json_reply as apireply


async def take(exchange):
    """Answers with what became of it; the old firmware stays unless all of it was right."""
    status, text = await exchange.site.updater.upload(exchange.read, exchange.left)
    await apireply.write(exchange, {"message" if status == 200 else "error": text}, status)
