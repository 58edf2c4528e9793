"""An update that comes as one MQTT message on `OTA/<device id>/data`; `of` is the Updater."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from aio.late import borrow
from proto.values import BadArgument
from proto.words import why

_STALL_MS = const(20_000)
_LINK_MS = const(30_000)
_LOOK_MS = const(100)


async def run(of, stall_ms=_STALL_MS):
    """Listen, take what comes, tell how it went; silence for `stall_ms` ends it."""
    sink = _Sink(of)
    topic = "OTA/{}/data".format(of.topics.device_id)
    of.state = "waiting"
    of.door.data = (topic, sink.receive)
    try:
        await of.session.subscribe(topic.encode())
        await _reply(of, "on")
        reason = await _watch(of, sink, stall_ms)
    except OSError as e:
        reason = why(e)
    finally:
        of.door.data = None
    if reason:
        of.log.info("update", "by MQTT has ended: " + reason)
        await _resume(of, sink, reason)


async def _resume(of, sink, reason):
    """Everything as before; `off` is said as soon as there is a link to say it on."""
    left = _LINK_MS
    while left > 0 and not of.session.up.is_set():
        await asyncio.sleep_ms(_LOOK_MS)
        left -= _LOOK_MS
    try:
        await of.session.unsubscribe()
    except OSError:  # the link went, and the subscription with it
        pass
    await _reply(of, "off")
    if sink.taking:  # in the middle of a message nothing else can come on this link
        of.session.reconnect(reason)
    while sink.taking:
        await asyncio.sleep_ms(_LOOK_MS)


async def _watch(of, sink, stall_ms):
    """Wait for the end: "" when it is installed, else why not."""
    seen, since = -1, ticks_ms()
    while sink.reason is None:
        if of.state == "stopping":
            return "stopped"
        if sink.taken != seen:
            seen, since = sink.taken, ticks_ms()
        elif ticks_diff(ticks_ms(), since) > stall_ms:
            return "no data for {} s".format(stall_ms // 1_000)
        await asyncio.sleep_ms(_LOOK_MS)
    return sink.reason


async def _reply(of, text):
    of.say("mqttotastart = " + text)
    await of.door.reply("mqttotastart", text, 0)


class _Sink:
    """Takes one message that is not retained; `reason` tells the end, "" a good one."""

    def __init__(self, of):
        self._of = of
        self._body = None
        self.taken = 0
        self.taking = False
        self.reason = None

    async def receive(self, body, retained):
        if retained:
            self._of.log.info("update", "a retained image is ignored")
            return
        if self._body:
            return
        self._body = body
        self.taking = True
        try:
            await borrow("app.update.install").install(self._of, self._read, body.left)
            self.reason = ""
        except BadArgument as e:
            self.reason = str(e)
        except BaseException as e:  # the link's end is the session's to deal with
            self.reason = why(e) if isinstance(e, OSError) else repr(e)
            raise
        finally:
            self.taking = False

    async def _read(self, view):
        part = await self._body.some(len(view))
        n = len(part)
        view[:n] = part
        self.taken += n
        return n
