"""How an update stands, on `stat/<topic>/ota`; `of` is the Updater. Borrow it."""

import json

from proto.words import why


async def failed(of, error):
    """Why it was given up, in the log, too."""
    reason = why(error) if isinstance(error, OSError) else str(error)
    of.log.error("update", reason)
    await tell(of, "failed", reason=reason)


async def tell(of, state, **more):
    """Publish how an update stands on `stat/<topic>/ota`; how it ended is retained.

    Without a broker that is told as soon as there is one.
    """
    more["state"] = state
    payload = json.dumps(more).encode()
    if state == "writing":
        await _publish(of, payload, False)
    else:
        of.untold = payload
        await tell_end(of)


async def tell_end(of):
    """Publish how the last update ended, if that is still to be told."""
    payload, of.untold = of.untold, None
    if payload and not await _publish(of, payload, True):
        of.untold = of.untold or payload


async def _publish(of, payload, retain):
    """Whether the broker has got it."""
    try:
        await of.session.publish(of.topics.stat("ota"), payload, retain)
        return True
    except OSError:  # no broker, or the link went
        return False
