"""Writes an update, whatever it is and wherever it comes from; `of` is the Updater."""

import asyncio
import json
from time import ticks_diff, ticks_ms

from micropython import const

from aio.late import borrow
from proto.values import BadArgument

_PIECE = const(2_048)  # of the 4,096 that flash erases at once: as much as comes at once
_TELL_MS = const(1_000)


async def install(of, read, total=0):
    """Write what `await read(view)` gives: a number of bytes, 0 at the end; `total` of them, or 0.

    Afterwards it starts with the next restart, which is asked for; what it is called is returned.
    BadArgument: it is refused, and the camera stays as it is. OSError: `read` failed.
    """
    of.state = "writing"
    rested = of.frames.at_rest  # in safe mode the camera does so anyway
    view = memoryview(bytearray(_PIECE))
    try:
        try:
            target = await _install(of, read, total, view)
        except ValueError as e:  # it is not what it should be
            raise BadArgument(str(e)) from None
    except BaseException as e:
        if not rested:
            of.frames.resume()
        if not isinstance(e, asyncio.CancelledError):
            await borrow("app.update.failed").tell(of, e)
        raise
    of.state = "installed"
    of.log.info("update", target.name + " is installed")
    await tell(of, "installed", version=target.version)
    of.restart.ask()
    return target.name


async def _install(of, read, total, view):
    filled = await _fill(read, view)
    if bytes(view[257:262]) == b"ustar":
        target = borrow("app.update.tarball").Target(of, view[:filled], total)
    else:
        allowed = borrow("app.update.checks").allowed(of, view[:filled], total)
        target = borrow("app.update.firmware").Target(of, *allowed)
    of.log.info("update", "writing {}".format(target.name))
    if not of.frames.at_rest:
        await of.frames.pause("an update is under way")
    try:
        done = await _stream(of, target, read, total, view, filled)
        await _progress(of, done, done)
        await target.finish(view)
    except BaseException:
        target.abandon()
        raise
    return target


async def _stream(of, target, read, total, view, filled):
    """Hand all that comes to the target: how many bytes that was."""
    done = 0
    told = ticks_ms()
    while filled:
        await target.take(view, filled)
        done += filled
        if ticks_diff(ticks_ms(), told) >= _TELL_MS:
            told = ticks_ms()
            await _progress(of, done, total)
        await asyncio.sleep_ms(0)
        filled = await _fill(read, view)
    if total and done != total:
        raise ValueError("cut off after {} of {} bytes".format(done, total))
    return done


async def _fill(read, view):
    """Bytes in `view`: as many as fit, fewer at the end."""
    filled = 0
    while filled < len(view):
        got = await read(view[filled:])
        if not got:
            break
        filled += got
    return filled


async def _progress(of, done, total):
    percent = 100 * done // total if total else None
    of.say("ota = {} %, {} bytes".format("?" if percent is None else percent, done))
    await tell(of, "writing", percent=percent, bytes=done, total=total or None)


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
