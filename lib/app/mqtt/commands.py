"""The door for commands that come as MQTT messages, and the greetings after each connect."""

from micropython import const

from app.commands import PRIVATE, QOS1, RETAIN
from config import product
from proto.values import BadArgument, UnknownCommand

_MOST = const(1_024)  # bytes of an argument


class CommandDoor:
    """`cmnd/<topic>/<command>` in, `stat/<topic>/<command>` out.

    `say(text)` shows replies on the consoles, `happened("command" | "syntax")` on the LED.
    """

    def __init__(self, commands, topics, log, say, happened):
        self._commands = commands
        self._topics = topics
        self._log = log
        self._say = say
        self._happened = happened
        self._said = {}  # what the broker keeps of us, so that nothing is said twice
        self.session = None
        self.data = None  # (topic, receive) of a message that is no command; these pause then
        self.ignored = 0  # retained commands, which nobody means now

    async def receive(self, topic, body, retained):
        """Run the command of one message; `body` may stay unread."""
        name, group = self._command(topic)
        if name is None:
            if self.data and topic == self.data[0]:
                await self.data[1](body, retained)
            return
        if retained:
            self.ignored += 1
            self._log.info("mqtt", "a retained command is not executed: " + name)
            return
        if self.data and name.lower() != "mqttotastart":
            await self.reply("SYNTAX", name + ": paused, an update is under way", 0)
            return
        if body.left > _MOST:
            await self._syntax("{}: at most {} bytes".format(name, _MOST), group)
            return
        raw = bytearray(body.left)
        await body.into(memoryview(raw))
        try:
            argument = bytes(raw).decode()
            reply = await self._commands.call(name, argument, group)
        except UnknownCommand:
            await self._syntax("", group)
        except (BadArgument, UnicodeError) as e:
            await self._syntax("{}: {}".format(name, e), group)
        except Exception as e:  # our own fault must not end the session, nor be retried for ever
            self._log.error("command", "{}: {!r}".format(name, e))
            await self._syntax("{}: failed".format(name), group)
        else:
            self._happened("command")
            if reply[1] is None:  # told later, when it is true
                return
            if not reply[2] & PRIVATE:
                self._say("{} = {}".format(reply[0], reply[1]))
            await self.reply(*reply)

    async def reply(self, name, text, flags):
        """Publish what is now in force."""
        if flags & RETAIN:
            self._said[name] = text
        try:
            await self.session.publish(
                self._topics.stat(name),
                text.encode(),
                bool(flags & RETAIN),
                1 if flags & QOS1 else 0,
            )
        except OSError:  # the link went; at QoS 0 nobody waits for it
            pass

    async def greet(self, session):
        """Who we are and how things stand, after each connect."""
        await self.reply("NAME", product.NAME, 0)
        await self.reply("VERSION", product.VERSION, 0)
        await self.reply("FALLBACKTOPIC", self._topics.device_id, 0)
        self._said.clear()
        await self.report()

    async def report(self):
        """Publish power and timer where the broker does not know them yet."""
        for name in ("power", "timer"):
            reply = await self._commands.call(name, "")
            if self._said.get(name) != reply[1]:
                await self.reply(*reply)

    def _command(self, topic):
        """(name, came to the group) of a command topic, (None, False) of another one."""
        topic = topic.encode()
        for prefix in (self._topics.own, self._topics.fallback, self._topics.group):
            if topic.startswith(prefix):
                return topic[len(prefix) :].decode(), prefix is self._topics.group
        return None, False

    async def _syntax(self, why, group):
        self._happened("syntax")
        text = ", ".join(self._commands.names(group))
        await self.reply("SYNTAX", (why + "\n" if why else "") + text, 0)
