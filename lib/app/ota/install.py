"""Writes an update, whatever it is and wherever it comes from; `of` is the Updater."""

import asyncio
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
            await borrow("app.ota.report").failed(of, e)
        raise
    of.state = "installed"
    of.log.info("update", target.name + " is installed")
    await borrow("app.ota.report").tell(of, "installed", version=target.version)
    of.restart.request()
    return target.name


async def _install(of, read, total, view):
    filled = await _fill(read, view)
    target = _target(of, view[:filled], total)
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


def _target(of, head, total):
    """Where what begins so is to be written; ValueError where it must not. No coroutine:

    one would keep in its stack what is only needed for this.
    """
    if bytes(head[257:262]) == b"ustar":
        return borrow("app.ota.app_archive").Target(of, head, total)
    allowed = borrow("app.ota.checks").allowed(of, head, total)
    return borrow("app.ota.image").Target(of, *allowed)


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
    tell = borrow("app.ota.report").tell
    await tell(of, "writing", percent=percent, bytes=done, total=total or None)
