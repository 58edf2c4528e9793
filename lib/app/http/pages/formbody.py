"""Reads a form out of a request, piece by piece."""

from micropython import const

from proto.form import Form

_PIECE = const(256)


async def fields(exchange, names):
    """{name: text} of the fields in `names`; BadRequest for what is no form."""
    form = Form(names)
    view = memoryview(bytearray(_PIECE))
    while True:
        got = await exchange.read(view)
        if not got:
            return form.close()
        form.feed(view[:got])
