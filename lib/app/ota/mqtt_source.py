"""An update as one MQTT message on `OTA/<device id>/data`."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from config import limits
from proto.reasons import describe
from proto.values import BadArgument

_POLL_MS = const(100)


class MQTTSource:
    """Subscribes, and installs the first message that is not retained.

    While `handler.data` is set, the handler passes that topic's messages on and pauses commands.
    `install(read, total, force)` is Updater.install.
    """

    def __init__(
        self,
        session,
        topics,
        handler,
        log,
        show,
        install,
        force=False,
        stall_ms=limits.UPDATE_MQTT_STALL_MS,
    ):
        self._session = session
        self._topics = topics
        self._handler = handler
        self._log = log
        self._show = show
        self._install = install
        self._force = force
        self._stall_ms = stall_ms
        self._stopped = False
        self._body = None  # of the message that is being installed
        self._received = 0
        self.receiving = False
        self.result = None  # "" once the update is installed, or the reason why it is not

    async def run(self):
        """Listen until the update is installed, fails, or nothing arrives for `stall_ms`."""
        topic = self._topics.update
        self._handler.data = (topic, self.receive)
        try:
            reason = await self._listen(topic.encode())
        except OSError as e:
            reason = describe(e)
        finally:
            self._handler.data = None
        if reason:
            self._log.info("update", "the update by MQTT has ended: " + reason)
            await self._give_up(reason)

    def stop(self):
        """End the wait for a message, or for the rest of one."""
        self._stopped = True

    async def receive(self, body, retained):
        """Install the update in a message; called by the handler."""
        if retained:
            self._log.info("update", "a retained image is ignored")
            return
        if self._body:
            return
        self._body = body
        self.receiving = True
        result = "interrupted"
        try:
            await self._install(self._read, body.left, self._force)
            result = ""
        except BadArgument as e:
            result = str(e)
        except OSError as e:  # the session handles its link
            result = describe(e)
            raise
        finally:
            self.result = result
            self.receiving = False

    async def _read(self, view):
        part = await self._body.read_some(len(view))
        n = len(part)
        view[:n] = part
        self._received += n
        return n

    async def _listen(self, topic):
        """Return "" once the update is installed, or the reason why it is not."""
        await self._session.subscribe(topic)
        await self._reply("on")
        received, since = self._received, ticks_ms()
        while self.result is None:
            if self._stopped:
                return "stopped"
            if self._received != received:
                received, since = self._received, ticks_ms()
            elif ticks_diff(ticks_ms(), since) > self._stall_ms:
                return "no data for {} s".format(self._stall_ms // 1_000)
            await asyncio.sleep_ms(_POLL_MS)
        return self.result

    async def _give_up(self, reason):
        """Unsubscribe, and reply `off` as soon as there is a link for it."""
        left = limits.UPDATE_MQTT_REPLY_MS
        while left > 0 and not self._session.up.is_set():
            await asyncio.sleep_ms(_POLL_MS)
            left -= _POLL_MS
        try:
            await self._session.unsubscribe()
        except OSError:  # the link went down, and the subscription with it
            pass
        await self._reply("off")
        if self.receiving:  # the rest of the message blocks this link
            self._session.reconnect(reason)
        while self.receiving:
            await asyncio.sleep_ms(_POLL_MS)

    async def _reply(self, text):
        self._show("mqttotastart = " + text)
        await self._handler.states.publish("mqttotastart", text)
