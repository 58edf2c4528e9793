"""Commands as MQTT messages, and their replies."""

import asyncio
from collections import deque

from app.commands import PRIVATE
from app.settings.schema import CHECK, FILE, KIND, find
from config import limits
from proto.values import BadArgument, UnknownCommand

_WHILE_UPDATING = ("mqttotastart", "upgrade")  # they can end the update


def _most_bytes(name):
    """Return the size of the largest argument: a setting that is a file has its own limit."""
    row = find(name.lower())
    is_file = row and row[KIND] == FILE
    return row[CHECK].high if is_file else limits.MQTT_ARGUMENT_BYTES


class CommandHandler:
    """Runs commands from `cmnd/<topic>/<command>`, replies through `states`.

    `receive` queues a command, so that the session can read on; `run` runs one after the other.
    `show(text)` shows a reply on the consoles, `signal("command" | "syntax")` on the LED.
    """

    def __init__(self, commands, topics, states, log, show, signal):
        self._commands = commands
        self._topics = topics
        self._log = log
        self._show = show
        self._signal = signal
        # (name, argument or None if too long, group)
        self._waiting = deque((), limits.MQTT_COMMANDS_WAITING)
        self._bytes = 0  # of the arguments that wait
        self._arrived = asyncio.Event()
        self._running = False
        self.ran = 0  # commands
        self._logged = 0  # retained commands on this link
        self._answered = 0  # of the refused commands
        self.refused = 0  # commands that found the queue full
        self.states = states
        self.hub = None  # (topic, receive) of Home Assistant's birth message
        self.data = None  # (topic, receive) of an update by MQTT; commands pause meanwhile

    async def receive(self, topic, body, retained):
        """Queue a command, or pass on an update; the receiver skips the unread rest of `body`."""
        name, group = self._command(topic)
        if name is None:
            for wanted, take in filter(None, (self.data, self.hub)):
                if topic == wanted:
                    await take(body, retained)
        elif retained:  # it may be old
            self._skip(name)
        elif body.left > _most_bytes(name):
            self._queue(name, None, group)
        else:
            argument = bytearray(body.left)
            await body.readinto(memoryview(argument))
            self._queue(name, argument, group)

    def _skip(self, name):
        self._logged += 1
        if self._logged <= limits.MQTT_RETAINED_LOGGED:
            self._log.info("mqtt", "a retained command is not executed: " + name)
        elif self._logged == limits.MQTT_RETAINED_LOGGED + 1:
            self._log.info("mqtt", "nor are more retained commands, which are not logged")

    def _queue(self, name, argument, group):
        size = len(name) + len(argument or b"")
        has_room = len(self._waiting) < limits.MQTT_COMMANDS_WAITING
        if has_room and self._bytes + size <= limits.MQTT_COMMANDS_BYTES:
            self._waiting.append((name, argument, group))
            self._bytes += size
        else:
            self.refused += 1
        self._arrived.set()

    async def run(self):
        """Run the commands in the order of their arrival; they stay queued when a link is lost.

        Those that the broker has kept arrive before the camera can reply.
        """
        while True:
            while self._is_subscribing():
                await asyncio.sleep_ms(limits.MQTT_COMMAND_PAUSE_MS)
            if self._waiting:
                name, argument, group = self._waiting.popleft()
                self._bytes -= len(name) + len(argument or b"")
                self._running = True
                try:
                    await self._run(name, argument, group)
                finally:
                    self._running = False
                    self.ran += 1
            elif self._answered == self.refused:
                self._arrived.clear()
                await self._arrived.wait()
            if self._answered != self.refused:
                await self._answer_refused()
            await asyncio.sleep_ms(limits.MQTT_COMMAND_PAUSE_MS)

    def _is_subscribing(self):
        """Return True while a link is set up, so that nothing can be published yet."""
        session = self.states.session
        return session.state == "connected" and not session.up.is_set()

    @property
    def busy(self):
        """True while a command runs or waits."""
        return bool(self._running or self._waiting)

    async def _answer_refused(self):
        """Reply once for all commands that were refused since the last such reply."""
        count, self._answered = self.refused - self._answered, self.refused
        text = "busy: {} not run. At most {} commands wait, and {} run in a second"
        rate = 1_000 // limits.MQTT_COMMAND_PAUSE_MS
        text = text.format(count, limits.MQTT_COMMANDS_WAITING, rate)
        await self.states.publish("SYNTAX", text)

    async def _run(self, name, argument, group):
        if self.data and name.lower() not in _WHILE_UPDATING:
            await self.states.publish("SYNTAX", name + ": paused, an update is under way")
        elif argument is None:
            text = "{}: at most {} bytes"
            await self._syntax(text.format(name, _most_bytes(name)), group)
        else:
            await self._call(name, argument, group)

    async def _call(self, name, argument, group):
        try:
            reply, text, flags = await self._commands.call(name, argument.decode(), group)
        except UnknownCommand:
            await self._syntax("", group)
        except BadArgument as e:
            self._log.debug("mqtt", "command {} refused, {} bytes", name, len(argument))
            await self._syntax("{}: {}".format(name, e), group)
        except UnicodeError:
            await self._syntax(name + ": not UTF-8", group)
        except Exception as e:  # a bug of ours: log it, and keep the session
            self._log.error("command", "{}: {!r}".format(name, e))
            await self._syntax("{}: failed".format(name), group)
        else:
            self._log.debug("mqtt", "command {}, {} bytes", name, len(argument))
            self._signal("command")
            if text is None:  # the reply follows when the work is done
                return
            if not flags & PRIVATE:
                self._show("{} = {}".format(reply, text))
            await self.states.publish(reply, text, flags)

    async def announce(self, session):
        """Publish the names and the states, after each connect."""
        self._logged = 0
        await self.states.announce()

    def _command(self, topic):
        """Return (name, True on the group topic) of a command topic, else (None, False)."""
        topic = topic.encode()
        for prefix in (self._topics.own, self._topics.fallback, self._topics.group):
            if prefix and topic.startswith(prefix):
                return topic[len(prefix) :].decode(), prefix is self._topics.group
        return None, False

    async def _syntax(self, reason, group):
        self._signal("syntax")
        commands = ", ".join(self._commands.names(group))
        await self.states.publish("SYNTAX", (reason + "\n" if reason else "") + commands)
