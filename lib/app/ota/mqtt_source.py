"""An update that comes as one MQTT message on `OTA/<device id>/data`; `of` is the Updater."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from aio.late import borrow
from proto.values import BadArgument

_STALL_MS = const(20_000)
_LOOK_MS = const(100)


async def run(of, stall_ms=_STALL_MS):
    """Listen, take what comes, tell how it went; silence for `stall_ms` ends it."""
    sink = _Sink(of)
    topic = "OTA/{}/data".format(of.topics.device_id)
    of.state = "waiting"
    of.door.data = (topic, sink.receive)
    try:
        await of.session.subscribe(topic.encode())
        await borrow("app.ota.resume").reply(of, "on")
        reason, seen, since = "stopped", -1, ticks_ms()
        while sink.reason is None and of.state != "stopping":
            if sink.taken != seen:
                seen, since = sink.taken, ticks_ms()
            elif ticks_diff(ticks_ms(), since) > stall_ms:
                reason = "no data for {} s".format(stall_ms // 1_000)
                break
            await asyncio.sleep_ms(_LOOK_MS)
        if sink.reason is not None:
            reason = sink.reason
    except OSError as e:
        reason = borrow("proto.words").why(e)
    finally:
        of.door.data = None
    if reason:
        of.log.info("update", "by MQTT has ended: " + reason)
        await borrow("app.ota.resume").resume(of, sink, reason)


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
            await borrow("app.ota.install").install(self._of, self._read, body.left)
            self.reason = ""
        except BadArgument as e:
            self.reason = str(e)
        except BaseException as e:  # the link's end is the session's to deal with
            self.reason = borrow("proto.words").why(e) if isinstance(e, OSError) else repr(e)
            raise
        finally:
            self.taking = False

    async def _read(self, view):
        part = await self._body.some(len(view))
        n = len(part)
        view[:n] = part
        self.taken += n
        return n
