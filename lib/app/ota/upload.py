"""An update that a browser or a program sends to `POST /update`; `of` is the Updater."""

from aio.late import borrow
from proto.values import BadArgument


async def upload(of, read, total):
    """(status, text) for who has sent it."""
    why = borrow("app.ota.commands").begin(of, "upload")
    if why:
        return 409, why
    try:
        name = await borrow("app.ota.install").install(of, read, total)
        return 200, name + " is installed; the camera restarts"
    except BadArgument as e:
        return 422, str(e)
    finally:
        of.end()
