"""Says why an update was given up; `of` is the Updater."""

from aio.late import borrow
from proto.words import why


async def tell(of, error):
    """In the log, and on `stat/<topic>/ota`."""
    reason = why(error) if isinstance(error, OSError) else str(error)
    of.log.error("update", reason)
    await borrow("app.update.install").tell(of, "failed", reason=reason)
