"""Open consoles: lines in, `command = value` out; replies show on every one of them."""

import asyncio

from micropython import const

from app.commands import PRIVATE
from proto.lineedit import MOST, LineEditor
from proto.values import BadArgument, UnknownCommand

_QUEUE = const(6_144)  # bytes that wait for a console, a whole log; what comes on top is dropped


class Console:
    """One open console. It never blocks: text waits in a bounded queue, `pump` carries it out."""

    def __init__(self, consoles, name, echo=True):
        self._consoles = consoles
        self._editor = LineEditor()
        self._echo = echo
        self._waiting = bytearray()
        self._more = asyncio.Event()
        self.name = name
        self.lost = 0  # lines

    def type(self, byte):
        """Take one byte from the keyboard; return the line that it completes, else None."""
        echo = self._editor.feed(byte)
        if self._echo and echo:
            self.put(echo)
        line = self._editor.line
        if line is None:
            return None
        if self._editor.too_long:
            self._editor.too_long = False
            self.print("the line is longer than {} bytes".format(MOST))
            return None
        return line if line.strip() else None

    async def run(self, line):
        """Run a line that `type` has returned."""
        await self._consoles.run_line(line, self)

    def print(self, text):
        """Show lines; a half-typed command is shown again behind them."""
        typed = self._editor.typed() if self._echo else b""
        if typed:
            self.put(b"\r\x1b[K")
        for line in text.split("\n"):
            self.put(line.encode() + b"\r\n")
        if typed:
            self.put(typed)

    def put(self, data):
        """Queue bytes as they are; they are dropped while the queue is full."""
        if len(self._waiting) + len(data) > _QUEUE:
            self.lost += 1
            return
        self._waiting += data
        self._more.set()

    async def pump(self, send):
        """Hand what waits to `await send(bytes)`, for ever."""
        while True:
            while self._waiting:
                data, self._waiting = self._waiting, bytearray()
                await send(data)
            self._more.clear()
            await self._more.wait()


class Consoles:
    """All open consoles and the commands behind them."""

    def __init__(self, commands, log):
        self._commands = commands
        self._log = log
        self._open = []

    def open(self, name, echo=True):
        console = Console(self, name, echo)
        self._open.append(console)
        return console

    def close(self, console):
        if console in self._open:
            self._open.remove(console)

    def __len__(self):
        return len(self._open)

    def say(self, text):
        """Show `text` on every open console."""
        for console in self._open:
            console.print(text)

    async def run_line(self, line, console):
        """Run `command argument`; the reply goes to all, a refusal to who typed it."""
        try:
            text = line.decode().strip()
        except UnicodeError:
            console.print("not UTF-8")
            return
        name, _, argument = text.partition(" ")
        try:
            reply, text, flags = await self._commands.call(name, argument)
        except UnknownCommand:
            console.print("{}: unknown; try help".format(name))
        except BadArgument as e:
            console.print("{}: {}".format(name, e))
        except Exception as e:  # our own fault must not end the console
            self._log.error("command", "{}: {!r}".format(name, e))
            console.print("{}: failed".format(name))
        else:
            if flags & PRIVATE:
                console.print(text)
            elif text is not None:  # else it is told later
                self.say("{} = {}".format(reply, text))
